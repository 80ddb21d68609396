from django.urls import path

from services.patients.web import doubles, families, keeping, views

urlpatterns = [
    path("", views.patient_list, name="list"),
    path("new/", views.patient_new, name="new"),
    path("new/duplicates/", views.duplicates, name="duplicates"),
    path("exports/", keeping.exports, name="exports"),
    path("exports/<uuid:code>/release/", keeping.export_release, name="export-release"),
    path("exports/<uuid:code>/refuse/", keeping.export_refuse, name="export-refuse"),
    path("doubles/", doubles.proposed, name="doubles"),
    path("doubles/<uuid:code>/<uuid:other>/", doubles.distinguish, name="distinguish"),
    path("distinctions/<uuid:code>/undo/", doubles.distinction_undo, name="distinction-undo"),
    path("merges/<uuid:code>/undo/", keeping.merge_undo, name="merge-undo"),
    path("restricted/", keeping.restricted, name="restricted"),
    path("stale/", keeping.stale, name="stale"),
    path("readers/", keeping.readers, name="readers"),
    path("<uuid:code>/keeping/", keeping.keeping, name="keeping"),
    path("<uuid:code>/restrict/", keeping.restrict, name="restrict"),
    path("<uuid:code>/lift/", keeping.lift, name="lift"),
    path("<uuid:code>/exception/", keeping.exception, name="exception"),
    path("<uuid:code>/export/", keeping.export_ask, name="export-ask"),
    path("<uuid:code>/merge/", keeping.merge, name="merge"),
    path("<uuid:code>/", views.patient_detail, name="detail"),
    path("<uuid:code>/edit/", views.patient_edit, name="edit"),
    path("<uuid:code>/phone/", views.phone, name="phone"),
    path("<uuid:code>/contact/", views.contact, name="contact"),
    path("<uuid:code>/contact/verified/", views.contact_verified, name="contact-verified"),
    path("<uuid:code>/family/", families.family, name="family"),
    path("<uuid:code>/family/new/", families.relative_new, name="relative-new"),
    path("<uuid:code>/family/<uuid:relation>/remove/", families.relation_remove, name="relation-remove"),
]
