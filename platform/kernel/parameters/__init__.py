"""Parameters: what a tenant may set, typed, validated, dated, inherited from chain to vertical (PL-006)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kernel.parameters.scopes import Scope

if TYPE_CHECKING:
    from kernel.parameters.actions import set_parameter, withdraw_parameter
    from kernel.parameters.selectors import Reader, history, overview, resolve, value

__all__ = ["Reader", "Scope", "history", "overview", "resolve", "set_parameter", "value", "withdraw_parameter"]

_WRITES = {"set_parameter", "withdraw_parameter"}


def __getattr__(name: str) -> Any:
    # The models behind these names exist only once the apps are loaded.
    if name in __all__:
        from importlib import import_module

        return getattr(import_module(f"kernel.parameters.{'actions' if name in _WRITES else 'selectors'}"), name)
    raise AttributeError(name)
