from django.urls import path

from services.patients.api import doubles, keeping, views

urlpatterns = [
    path("", views.PatientListView.as_view(), name="list"),
    path("distinctions/", doubles.DistinctionListView.as_view(), name="distinctions"),
    path("distinctions/<uuid:code>/", doubles.DistinctionView.as_view(), name="distinction"),
    path("restrictions/", keeping.RestrictedNow.as_view(), name="restricted"),
    path("merges/", keeping.Merges.as_view(), name="merges"),
    path("merges/<uuid:code>/undo/", keeping.UndoMerge.as_view(), name="merge-undo"),
    path("exports/", keeping.Exports.as_view(), name="exports"),
    path("exports/<uuid:code>/release/", keeping.ReleaseExport.as_view(), name="export-release"),
    path("exports/<uuid:code>/refuse/", keeping.RefuseExport.as_view(), name="export-refuse"),
    path("<uuid:code>/", views.PatientDetailView.as_view(), name="detail"),
    path("<uuid:code>/phone/", views.PhoneView.as_view(), name="phone"),
    path("<uuid:code>/contacts/", views.ContactHistoryView.as_view(), name="contacts"),
    path("<uuid:code>/restrictions/", keeping.Restrictions.as_view(), name="restrictions"),
    path("<uuid:code>/restrictions/lift/", keeping.Lift.as_view(), name="lift"),
    path("<uuid:code>/exception/", keeping.OpenByException.as_view(), name="exception"),
    path("<uuid:code>/merge/", keeping.Merge.as_view(), name="merge"),
    path("<uuid:code>/exports/", keeping.ExportsOfPatient.as_view(), name="exports-of"),
    path("<uuid:code>/relations/", keeping.Relations.as_view(), name="relations"),
    path("<uuid:code>/relations/<uuid:relation>/", keeping.OneRelation.as_view(), name="relation"),
]
