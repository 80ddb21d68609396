from django.urls import path

from services.patients.api import doubles, views

urlpatterns = [
    path("", views.PatientListView.as_view(), name="list"),
    path("distinctions/", doubles.DistinctionListView.as_view(), name="distinctions"),
    path("distinctions/<uuid:code>/", doubles.DistinctionView.as_view(), name="distinction"),
    path("<uuid:code>/", views.PatientDetailView.as_view(), name="detail"),
    path("<uuid:code>/phone/", views.PhoneView.as_view(), name="phone"),
    path("<uuid:code>/contacts/", views.ContactHistoryView.as_view(), name="contacts"),
]
