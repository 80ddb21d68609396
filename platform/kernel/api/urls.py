from django.urls import path

from kernel.api import docs

urlpatterns = [
    path("schema/", docs.SchemaView.as_view(), name="api-schema"),
    path("docs/", docs.documentation, name="api-docs"),
]
