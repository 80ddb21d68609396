from django.urls import path

from services.sites.web import views

urlpatterns = [
    path("", views.site_list, name="list"),
    path("new/", views.site_new, name="new"),
    path("entities/new/", views.entity_new, name="entity-new"),
    path("entities/<uuid:code>/", views.entity_edit, name="entity-edit"),
    path("rooms/<uuid:code>/", views.room_edit, name="room-edit"),
    path("rooms/<uuid:code>/chairs/new/", views.chair_new, name="chair-new"),
    path("chairs/<uuid:code>/", views.chair_edit, name="chair-edit"),
    path("<uuid:code>/", views.site_detail, name="detail"),
    path("<uuid:code>/edit/", views.site_edit, name="edit"),
    path("<uuid:code>/hours/", views.site_hours, name="hours"),
    path("<uuid:code>/rooms/new/", views.room_new, name="room-new"),
    path("<uuid:code>/exceptions/", views.exception_add, name="exception-add"),
    path("<uuid:code>/exceptions/<str:day>/remove/", views.exception_remove, name="exception-remove"),
]
