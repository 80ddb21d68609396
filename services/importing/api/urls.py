from django.urls import path

from services.importing.api import views

urlpatterns = [
    path("batches/", views.Batches.as_view(), name="batches"),
    path("batches/<uuid:code>/", views.OneBatch.as_view(), name="batch"),
    path("batches/<uuid:code>/rows/", views.Rows.as_view(), name="rows"),
    path("batches/<uuid:code>/start/", views.Start.as_view(), name="start"),
    path("batches/<uuid:code>/undo/", views.Undo.as_view(), name="undo"),
    path("batches/<uuid:code>/give-up/", views.GiveUp.as_view(), name="give-up"),
    path("rows/<uuid:code>/decide/", views.Decide.as_view(), name="decide"),
]
