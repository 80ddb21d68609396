from django.urls import path

from services.search.web import views

urlpatterns = [path("", views.results, name="results")]
