from django.urls import path

from kernel.files import views

app_name = "files"
urlpatterns = [path("<uuid:code>/", views.download, name="download")]
