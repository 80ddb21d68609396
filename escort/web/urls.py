from django.urls import path

from escort.web import companion, manager

app_name = "escort"
urlpatterns = [
    path("", manager.home, name="home"),
    path("board/", manager.board, name="board"),
    path("orders/new/", manager.new_order, name="new"),
    path("orders/<uuid:code>/", manager.order, name="order"),
    path("orders/<uuid:code>/<slug:step>/", manager.order_step, name="order-step"),
    path("companions/", manager.companions, name="companions"),
    path("me/offers/", companion.offers, name="offers"),
    path("me/offers/<uuid:code>/<slug:answer>/", companion.answer, name="answer"),
    path("me/today/", companion.today, name="today"),
    path("me/orders/<uuid:code>/", companion.order, name="my-order"),
    path("me/orders/<uuid:code>/<slug:step>/", companion.step, name="my-step"),
]
