"""The search entry of a product follows it, and its creator's name, by triggers: no writer can forget it.

Punctuation becomes white space first, so that “node.js” or “well-known” are the words they consist of, as in a
search. Each text is taken both as it is, for names and for words that are still being typed, and by its English stems.
"""

from django.db import migrations

FUNCTIONS = r"""
CREATE FUNCTION products_search_words(weight "char", text text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT setweight(
        to_tsvector('pg_catalog.simple'::regconfig, words) || to_tsvector('pg_catalog.english'::regconfig, words),
        weight
    )
    FROM translate(text, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32)) AS words
$$;

CREATE FUNCTION products_search_refresh(wanted bigint[]) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO products_searchentry (product_id, head, document, subscribers)
    SELECT id, head, head || products_search_words('D', description), 0
    FROM (
        SELECT
            product.id,
            product.description,
            products_search_words('A', product.name)
                || products_search_words('B', array_to_string(product.tags, ' '))
                || products_search_words('C', product.tagline)
                || products_search_words('D', creator.name) AS head
        FROM products_product AS product
        JOIN accounts_organization AS creator ON creator.id = product.organization_id
        WHERE product.id = ANY (wanted)
    ) AS texts
    ON CONFLICT (product_id) DO UPDATE SET head = excluded.head, document = excluded.document
$$;

CREATE FUNCTION products_search_on_product() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM products_search_refresh(ARRAY[NEW.id]);
    RETURN NULL;
END $$;

CREATE FUNCTION products_search_on_creator() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM products_search_refresh(ARRAY(SELECT id FROM products_product WHERE organization_id = NEW.id));
    RETURN NULL;
END $$;

CREATE TRIGGER products_search_new AFTER INSERT ON products_product
FOR EACH ROW EXECUTE FUNCTION products_search_on_product();

CREATE TRIGGER products_search_changed AFTER UPDATE ON products_product
FOR EACH ROW WHEN (
    (OLD.name, OLD.tagline, OLD.description, OLD.tags, OLD.organization_id)
    IS DISTINCT FROM (NEW.name, NEW.tagline, NEW.description, NEW.tags, NEW.organization_id)
) EXECUTE FUNCTION products_search_on_product();

CREATE TRIGGER products_search_creator AFTER UPDATE ON accounts_organization
FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION products_search_on_creator();

SELECT products_search_refresh(ARRAY(SELECT id FROM products_product));
"""

UNDO = """
DROP TRIGGER products_search_creator ON accounts_organization;
DROP TRIGGER products_search_changed ON products_product;
DROP TRIGGER products_search_new ON products_product;
DROP FUNCTION products_search_on_creator;
DROP FUNCTION products_search_on_product;
DROP FUNCTION products_search_refresh;
DROP FUNCTION products_search_words;
"""


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0001_initial"),
        ("products", "0003_search_and_lifecycle"),
    ]

    operations = [migrations.RunSQL(FUNCTIONS, UNDO)]
