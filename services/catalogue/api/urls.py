from django.urls import path

from services.catalogue.api import views

urlpatterns = [
    path("items/", views.ItemListView.as_view(), name="items"),
    path("items/<uuid:code>/", views.ItemDetailView.as_view(), name="item"),
    path("items/<uuid:code>/prices/", views.PriceView.as_view(), name="prices"),
]
