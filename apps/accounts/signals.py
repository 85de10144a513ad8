"""What happens by itself to accounts, however they come to be: sign-up, command line, admin."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.db.models.signals import post_save
from django.dispatch import receiver

from apps.accounts import services
from apps.accounts.models import User


@receiver(post_save, sender=User)
def give_personal_organization(instance: User, created: bool, raw: bool = False, **kwargs: Any) -> None:
    if created and not raw:
        services.create_personal_organization(user=instance)


@receiver(email_confirmed)
def accept_waiting_invitations(email_address: EmailAddress, **kwargs: Any) -> None:
    """A verified address is what invitations wait for."""
    services.accept_invitations(user=email_address.user)
