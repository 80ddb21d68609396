from django.urls import path

from services.sites.api import views

urlpatterns = [
    path("", views.SiteListView.as_view(), name="list"),
    path("<uuid:code>/", views.SiteDetailView.as_view(), name="detail"),
    path("<uuid:code>/chairs/", views.ChairListView.as_view(), name="chairs"),
    path("<uuid:code>/hours/", views.HoursView.as_view(), name="hours"),
]
