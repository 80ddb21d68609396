from django.urls import path

from services.catalogue.web import views

urlpatterns = [
    path("", views.item_list, name="list"),
    path("new/", views.item_new, name="new"),
    path("<uuid:code>/", views.item_detail, name="detail"),
    path("<uuid:code>/edit/", views.item_edit, name="edit"),
    path("<uuid:code>/price/", views.price_set, name="price"),
]
