from django.urls import path

from services.corrections.api import views

app_name = "api-corrections"
urlpatterns = [
    path("", views.Entries.as_view(), name="entries"),
    path("<uuid:code>/", views.Entry.as_view(), name="entry"),
    path("<uuid:code>/verify/", views.Verify.as_view(), name="verify"),
    path("<uuid:code>/reject/", views.Reject.as_view(), name="reject"),
    path("<uuid:code>/apply/", views.Apply.as_view(), name="apply"),
    path("<uuid:code>/acknowledge/", views.Acknowledge.as_view(), name="acknowledge"),
]
