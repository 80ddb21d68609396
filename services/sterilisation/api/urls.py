from django.urls import path

from services.sterilisation.api import views

app_name = "api-sterilisation"
urlpatterns = [
    path("sterilisers/", views.Sterilisers.as_view(), name="sterilisers"),
    path("sterilisers/<uuid:code>/in-use/", views.SteriliserInUse.as_view(), name="steriliser-in-use"),
    path("sets/", views.Sets.as_view(), name="sets"),
    path("sets/<uuid:code>/in-use/", views.SetInUse.as_view(), name="set-in-use"),
    path("loads/", views.Loads.as_view(), name="loads"),
    path("loads/<uuid:code>/", views.OneLoad.as_view(), name="load"),
    path("loads/<uuid:code>/treated/", views.Treated.as_view(), name="treated"),
    path("loads/<uuid:code>/start/", views.Start.as_view(), name="start"),
    path("loads/<uuid:code>/result/", views.Result.as_view(), name="result"),
    path("loads/<uuid:code>/biological/", views.Biological.as_view(), name="biological"),
    path("loads/<uuid:code>/release/", views.Release.as_view(), name="release"),
    path("loads/<uuid:code>/cancel/", views.Cancel.as_view(), name="cancel"),
    path("loads/<uuid:code>/reprocess/", views.Reprocess.as_view(), name="reprocess"),
    path("packs/", views.Packs.as_view(), name="packs"),
    path("packs/<uuid:code>/", views.OnePack.as_view(), name="pack"),
    path("packs/<uuid:code>/use/", views.Use.as_view(), name="use"),
    path("packs/<uuid:code>/return/", views.Return.as_view(), name="return"),
]
