"""The provider that moves real money: Stripe, with saved cards, Connect accounts and transfers."""
