from django.urls import path

from services.search.api import views

urlpatterns = [path("", views.SearchView.as_view(), name="search")]
