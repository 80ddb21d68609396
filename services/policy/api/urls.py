from django.urls import path

from services.policy.api import views

urlpatterns = [
    path("overrides/", views.Overrides.as_view(), name="overrides"),
    path("overrides/<uuid:code>/", views.Override.as_view(), name="override"),
    path("overrides/<uuid:code>/review/", views.Review.as_view(), name="review"),
]
