from django.urls import path

from services.records.api import views

urlpatterns = [
    path("treatments/", views.TreatmentListView.as_view(), name="treatments"),
    path("treatments/<uuid:code>/", views.TreatmentDetailView.as_view(), name="treatment"),
    path("notes/", views.NoteListView.as_view(), name="notes"),
]
