"""An entry may correct another, and each is sealed at its commit, so that a change past the guards is found."""

import django.db.models.deletion
from django.db import migrations, models

KINDS = [
    ("provider_cash", "Cash at the payment provider"),
    ("creator_payable", "Owed to the creator"),
    ("platform_commission", "Commission of the platform"),
    ("tax_payable", "Tax owed"),
    ("provider_fees", "Fees of the payment provider"),
    ("payouts_in_transit", "Payouts on their way"),
    ("platform_losses", "Losses of the platform"),
    ("platform_hosting", "Hosting paid by creators"),
    ("platform_bank", "Cash at the bank"),
]

# All that an entry says, with the accounts that it moves by what they are. Seconds since 1970 depend on no time zone.
DIGEST = """
CREATE FUNCTION ledger_digest(checked bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(concat_ws('|',
        e.public_id, e.source, e.description, extract(epoch FROM e.occurred_at), coalesce(e.corrects_id, 0),
        (SELECT string_agg(concat_ws(':', p.id, a.kind, coalesce(a.organization_id, 0), a.currency, p.amount), ',' ORDER BY p.id)
         FROM ledger_posting p JOIN ledger_ledgeraccount a ON a.id = p.account_id WHERE p.entry_id = e.id)
    ), 'UTF8')), 'hex')
    FROM ledger_journalentry e WHERE e.id = checked
$$;
"""
DROP_DIGEST = "DROP FUNCTION ledger_digest(bigint);"

# At the commit, when all postings are there; nothing is added to an entry later (0003).
SEAL = """
CREATE FUNCTION ledger_seal_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_entryseal (entry_id, digest) VALUES (NEW.id, ledger_digest(NEW.id)) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
INSERT INTO ledger_entryseal (entry_id, digest) SELECT id, ledger_digest(id) FROM ledger_journalentry;
CREATE CONSTRAINT TRIGGER ledger_entry_sealed AFTER INSERT ON ledger_journalentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_seal_entry();
CREATE TRIGGER ledger_seal_immutable BEFORE UPDATE OR DELETE ON ledger_entryseal
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_entryseal_not_emptied BEFORE TRUNCATE ON ledger_entryseal EXECUTE FUNCTION ledger_refuse_change();
"""
DROP_SEAL = """
DROP TRIGGER ledger_entryseal_not_emptied ON ledger_entryseal;
DROP TRIGGER ledger_seal_immutable ON ledger_entryseal;
DROP TRIGGER ledger_entry_sealed ON ledger_journalentry;
DROP FUNCTION ledger_seal_entry();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_more_kinds")]

    operations = [
        migrations.AlterField(
            model_name="ledgeraccount", name="kind", field=models.CharField(choices=KINDS, max_length=30)
        ),
        migrations.AddField(
            model_name="journalentry",
            name="corrects",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="corrections",
                to="ledger.journalentry",
            ),
        ),
        migrations.CreateModel(
            name="EntrySeal",
            fields=[
                ("entry", models.OneToOneField(
                    on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="seal",
                    serialize=False, to="ledger.journalentry",
                )),
                ("digest", models.CharField(max_length=64)),
            ],
        ),
        migrations.RunSQL(DIGEST, DROP_DIGEST),
        migrations.RunSQL(SEAL, DROP_SEAL),
    ]
