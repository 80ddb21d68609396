"""Django's executor of migrations, without making every related model anew for each model that is added.

Django keeps the models as they were at each step. When a migration adds one, it makes all models anew that are
connected with it by any chain of keys, which in a product of many rooms is nearly all of them, for each of hundreds of
models. Nothing can refer to a model that was not there before, so making the new one alone comes to the same.
"""

from __future__ import annotations

from typing import Any

from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ModelState, ProjectState


class GrowingState(ProjectState):
    """The models at one step of the migrations; a new one leaves the others as they are."""

    def add_model(self, model_state: ModelState) -> None:
        """Take in a model, and make its class if classes have been made at all."""
        key = model_state.app_label, model_state.name_lower
        self.models[key] = model_state
        if self._relations is not None:
            self.resolve_model_relations(key)
        if "apps" in self.__dict__:  # hasattr would make them
            self.apps.render_multiple([model_state])


class Executor(MigrationExecutor):
    """Runs migrations as Django does, on a ``GrowingState``."""

    def _create_project_state(self, *arguments: Any, **options: Any) -> GrowingState:
        state = super()._create_project_state(*arguments, **options)  # type: ignore[misc]  # the stubs leave it out
        return GrowingState(models=state.models, real_apps=state.real_apps)
