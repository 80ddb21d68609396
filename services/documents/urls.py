from django.urls import path

from services.documents import views

app_name = "documents"
urlpatterns = [path("<uuid:code>.pdf", views.pdf, name="pdf")]
