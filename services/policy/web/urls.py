from django.urls import path

from services.policy.web import views

urlpatterns = [
    path("exceptions/", views.exceptions, name="exceptions"),
    path("exceptions/<uuid:code>/", views.exception, name="exception"),
    path("exceptions/<uuid:code>/review/", views.review, name="review"),
]
