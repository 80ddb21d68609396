from tests.kernel.people import code
def test_screens(live_server_processes, new_context, bed):
    from config.demo.building import totp_secret
    from config.demo.cast import PASSWORD
    out="/tmp/idset/screens"; import os; os.makedirs(out, exist_ok=True)
    p=live_server_processes
    page=new_context().new_page()
    msgs=[]
    page.on("console", lambda m: msgs.append(m.text)); page.on("pageerror", lambda e: msgs.append("ERR "+str(e)))
    page.goto(p.url("smile","/accounts/login/")); page.screenshot(path=out+"/login.png")
    rows=p.rows("select u.username from t_smile.identity_user u join t_smile.identity_roleassignment a on a.user_id=u.id join t_smile.identity_role r on r.id=a.role_id where r.slug='tenant_admin'")
    admin=rows[0][0]; print("ADMIN", admin)
    page.fill("input[name=login]", admin); page.fill("input[name=password]", PASSWORD); page.press("input[name=password]","Enter"); page.wait_for_load_state()
    page.screenshot(path=out+"/factor.png"); print(page.url)
    page.fill("input[name=code]", code(totp_secret("smile", admin))); page.press("input[name=code]","Enter"); page.wait_for_load_state()
    print(page.url); page.screenshot(path=out+"/home.png")
    for name, path in (("people","/people/"),("invite","/people/invite/"),("roles","/people/roles/"),("role","/people/roles/cashier/"),("deputies","/people/deputies/"),("desks","/people/desks/"),("security","/accounts/security/"),("docs","/api/docs/")):
        page.goto(p.url("smile",path)); page.wait_for_timeout(1500 if name=="docs" else 300); page.screenshot(path=f"{out}/{name}.png"); print(name, page.title())
    page.goto(p.url("smile","/people/")); page.click("tbody tr:nth-child(3) a"); page.wait_for_load_state(); page.screenshot(path=out+"/person.png", full_page=True)
    print(msgs)
    print(p.get("smile","/readyz")); print(p.get("smile","/metrics")[1][:300])
    print(p.log("web")[-3000:])
