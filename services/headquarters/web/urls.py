from django.urls import path

from services.headquarters.web import views

app_name = "headquarters"
urlpatterns = [
    path("", views.matrix, name="matrix"),
    path("branches/", views.branches, name="branches"),
    path("figures/<slug:key>/", views.figure, name="figure"),
    path("sites/<uuid:code>/<slug:key>/", views.site, name="site"),
    path("export.csv", views.export, name="export"),
]
