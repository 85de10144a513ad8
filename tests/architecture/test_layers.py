"""Foreign keys follow the layers that imports follow: a table may point down, never up and never sideways."""

import tomllib
from pathlib import Path

from django.apps import apps
from django.db.models import Model

ROOT = Path(__file__).resolve().parent.parent.parent


def layer_numbers() -> dict[str, int]:
    """The layer of each app, the top one first, as import-linter reads them from pyproject.toml."""
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = configuration["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["name"] == "Apps are layered")
    return {name.strip(): number for number, line in enumerate(layers) for name in line.split("|")}


def app_of(model: type[Model]) -> str | None:
    """The name of our app that a model belongs to; None for a model of Django or a library."""
    module = model.__module__.split(".")
    return module[1] if module[0] == "apps" else None


def relations() -> list[tuple[str, str, str]]:
    """(app, target app, field) for every relation between two models of ours."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.get_fields():
            if field.is_relation and not field.auto_created and field.related_model not in (None, "self"):
                source, target = app_of(model), app_of(field.related_model)
                if source and target:
                    found.append((source, target, f"{model.__name__}.{field.name}"))
    return found


def test_foreign_keys_point_to_lower_layers() -> None:
    layers = layer_numbers()
    found = relations()
    upward = [
        f"{source}.{field} points to {target}"
        for source, target, field in found
        if source != target and layers[target] <= layers[source]
    ]
    assert found
    assert upward == []


def test_every_app_has_a_layer() -> None:
    installed = {config.name.removeprefix("apps.") for config in apps.get_app_configs() if config.name[:5] == "apps."}
    assert installed <= set(layer_numbers())
