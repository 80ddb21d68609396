from django.urls import path

from services.rules.web import published, views

urlpatterns = [
    path("", views.rule_list, name="list"),
    path("published/", published.publications, name="publications"),
    path("published/<uuid:code>/", published.publication, name="publication"),
    path("published/<uuid:code>/adopt/", published.adopt, name="adopt"),
    path("<slug:key>/", views.rule_detail, name="detail"),
    path("<slug:key>/withdraw/", views.withdraw, name="withdraw"),
]
