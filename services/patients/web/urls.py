from django.urls import path

from services.patients.web import views

urlpatterns = [
    path("", views.patient_list, name="list"),
    path("new/", views.patient_new, name="new"),
    path("new/duplicates/", views.duplicates, name="duplicates"),
    path("<uuid:code>/", views.patient_detail, name="detail"),
    path("<uuid:code>/edit/", views.patient_edit, name="edit"),
    path("<uuid:code>/phone/", views.phone, name="phone"),
    path("<uuid:code>/contact/", views.contact, name="contact"),
    path("<uuid:code>/contact/verified/", views.contact_verified, name="contact-verified"),
    path("<uuid:code>/family/", views.family, name="family"),
    path("<uuid:code>/family/<uuid:relation>/remove/", views.relation_remove, name="relation-remove"),
]
