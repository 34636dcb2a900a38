"""The web application: put together from settings, locked down, and ready to serve."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Flask, request, url_for
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from web import (
    account,
    admin,
    again,
    amending,
    arrivals,
    attachments,
    auth,
    backups,
    batches,
    blinding,
    broken,
    bulk,
    call_standing,
    calls,
    cases,
    centre_requests,
    closing,
    collection,
    comparisons,
    compiled,
    courts,
    decision_sheets,
    decisions,
    demo,
    desk,
    directory,
    drafting,
    editorial,
    errors,
    flow,
    headers,
    home,
    jobs,
    judging,
    kept,
    mails,
    objections,
    overdue,
    papers,
    passports,
    priors,
    privacy,
    proofing,
    proving,
    public,
    public_notices,
    publicity,
    pushes,
    receipts,
    refused,
    replacing,
    rulebook,
    running,
    searches,
    stand_ins,
    tokens,
    trail,
    uploads,
    what_if,
    words,
    workbench,
    worklists,
)
from web import request as requests
from web.api import batches as api_batches
from web.api import bulk as api_bulk
from web.api import calls as api_calls
from web.api import cases as api_cases
from web.api import document, gate, problems
from web.api import jobs as api_jobs
from web.api import receipts as api_receipts
from web.api import standing as api_standing
from web.menu import menu
from workflow import office_words
from workflow.documents.limits import REQUEST
from workflow.identity.secret_key import secret_key
from workflow.settings import Settings
from workflow.store import files
from workflow.store.database import Database

NOUNS = (api_calls, api_standing, api_cases, api_bulk, api_batches, api_receipts, api_jobs)
"""What programs can ask about: each module puts its operations into `gate.OPERATIONS`."""
BLUEPRINTS = (
    auth.bp,
    directory.bp,
    account.bp,
    tokens.bp,
    stand_ins.bp,
    gate.bp,
    document.guide,
    home.bp,
    jobs.bp,
    mails.bp,
    papers.bp,
    attachments.bp,
    cases.bp,
    passports.bp,
    flow.bp,
    bulk.bp,
    worklists.bp,
    arrivals.bp,
    refused.bp,
    searches.bp,
    demo.bp,
    public.bp,
    public.site,
    public_notices.bp,
    objections.bp,
    trail.bp,
    receipts.bp,
    batches.bp,
    calls.bp,
    centre_requests.bp,
    amending.bp,
    call_standing.bp,
    drafting.bp,
    what_if.bp,
    proving.bp,
    rulebook.bp,
    comparisons.bp,
    desk.bp,
    decisions.bp,
    decision_sheets.bp,
    courts.bp,
    overdue.bp,
    closing.bp,
    publicity.bp,
    judging.bp,
    blinding.bp,
    replacing.bp,
    editorial.bp,
    collection.bp,
    proofing.bp,
    pushes.bp,
    workbench.bp,
    admin.bp,
    backups.bp,
    priors.bp,
    privacy.bp,
    running.bp,
)


def create_app(settings: Settings, database: Database | None = None) -> Flask:
    """The application. `database`: an opened one, where the caller has it already.

    Raises NoSecretKey when ZHENGJI_SECRET_KEY is missing or short outside a demo, WrongDirectory.
    """
    app = Flask(__name__, static_folder="static", template_folder="templates")
    app.config.update(
        SECRET_KEY=secret_key(settings),
        MAX_CONTENT_LENGTH=REQUEST,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        SESSION_COOKIE_NAME="zhengji",
    )
    app.extensions["zhengji"] = requests.Installed(
        database or Database.for_pages(settings),
        files.Files(settings.documents_url, settings.documents_endpoint),
        settings,
    )
    if settings.proxies:  # the host is not taken from them: they pass on the one that the browser said
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
    running.install(app)
    headers.install(app, settings)
    kept.install(app)
    app.before_request(requests.take_large)  # the form is read to find its token
    CSRFProtect(app).exempt(gate.bp)  # programs are known by the header they send, which no page of another site can
    auth.login_manager.init_app(app, add_context_processor=False)  # no template asks who it is but by the frame
    directory.install(app, settings)
    app.before_request(requests.keep_small)
    app.before_request(requests.choose_language)
    app.before_request(requests.refuse_unwritable)
    app.before_request(auth.ask_to_sign_in)
    app.before_request(stand_ins.tell_when_over)
    app.before_request(account.enrol_first)
    app.before_request(again.ask_once_more)
    receipts.limiter.init_app(app)
    errors.install(app)
    problems.install(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_blueprint(public.bp, name=public.ENGLISH, url_prefix="/public/en")
    _words_in_templates(app)
    return app


def _words_in_templates(app: Flask) -> None:
    app.jinja_env.globals.update(
        t=words.t,
        say=words.say,
        say_marked=words.say_marked,
        listed=words.listed,
        language=requests.language,
        new_form_key=requests.new_form_key,
        limit=uploads.limit,
        level_word=office_words.level_word,
        office_words=office_words.office_words,
    )
    app.jinja_env.filters.update(
        day=words.day,
        entered=words.entered,
        many=words.many,
        moment=words.moment,
        month=words.month,
        hour=words.hour,
        size=words.size,
        last_day=words.last_day,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    compiled.install(app)

    @app.context_processor
    def _frame() -> dict[str, object]:
        """What base.html shows on every page; public ones are the same for whoever reads them."""
        if request.blueprint in headers.OPEN_TO_ALL:
            return {"demo": requests.settings().demo, "today": requests.today, "other_language": _other_language}
        person = current_user if current_user.is_authenticated else None
        return {
            "menu": menu(requests.actor()) if person else [],
            "person": person,
            "demo": not broken.without_database() and requests.settings().demo,
            "now": requests.now,
            "today": requests.today,
            "other_language": _other_language,
        }


def _other_language(wanted: str) -> str:
    """This page in the other language, everything else in its address unchanged."""
    if request.endpoint is None or request.method != "GET":
        return f"?lang={wanted}"
    # The query is put behind, not handed to url_for: a name in it may be one that url_for knows, such as _scheme.
    query = urlencode({**request.args.to_dict(flat=True), "lang": wanted})
    return f"{url_for(request.endpoint, **(request.view_args or {}))}?{query}"
