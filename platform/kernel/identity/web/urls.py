from django.urls import path

from kernel.identity.web import views

urlpatterns = [
    path("", views.people, name="people"),
    path("invite/", views.invite, name="invite"),
    path("invitations/<uuid:code>/renew/", views.renew_invitation, name="renew_invitation"),
    path("invitations/<uuid:code>/withdraw/", views.withdraw_invitation, name="withdraw_invitation"),
    path("roles/", views.roles, name="roles"),
    path("roles/<slug:slug>/", views.role, name="role"),
    path("desks/", views.desks, name="desks"),
    path("desks/<uuid:code>/revoke/", views.revoke_desk, name="revoke_desk"),
    path("deputies/", views.deputies, name="deputies"),
    path("deputies/<uuid:code>/end/", views.end_deputy, name="end_deputy"),
    path("assignments/<uuid:code>/withdraw/", views.withdraw_role, name="withdraw_role"),
    path("<uuid:code>/", views.person, name="person"),
    path("<uuid:code>/roles/", views.assign_role, name="assign_role"),
    path("<uuid:code>/badge/", views.badge, name="badge"),
    path("<uuid:code>/close/", views.deactivate, name="deactivate"),
    path("<uuid:code>/open/", views.reactivate, name="reactivate"),
    path("<uuid:code>/password-link/", views.password_link, name="password_link"),
    path("<uuid:code>/second-factor/remove/", views.remove_second_factor, name="remove_second_factor"),
    path("<uuid:code>/sign-out/", views.sign_out_everywhere, name="sign_out_everywhere"),
]
