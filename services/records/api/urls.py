from django.urls import path

from services.records.api import views

urlpatterns = [
    path("treatments/", views.TreatmentListView.as_view(), name="treatments"),
    path("treatments/<uuid:code>/", views.TreatmentDetailView.as_view(), name="treatment"),
    path("notes/", views.NoteListView.as_view(), name="notes"),
    path("reviews/", views.ReviewListView.as_view(), name="reviews"),
    path("reviews/<uuid:code>/accept/", views.AcceptEntry.as_view(), name="review-accept"),
    path("reviews/<uuid:code>/return/", views.ReturnEntry.as_view(), name="review-return"),
    path("reviews/<uuid:code>/again/", views.EnterAgain.as_view(), name="review-again"),
    path("retention/", views.Retention.as_view(), name="retention"),
    path("retention/<uuid:code>/", views.RetentionOfPatient.as_view(), name="retention-of"),
    path("retention/<uuid:code>/holds/", views.Holds.as_view(), name="holds"),
]
