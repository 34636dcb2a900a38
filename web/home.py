"""My work: what waits for me, what I wait for, what happened lately."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask_login import current_user

from web.request import actor, now, reading, received, settings, today
from web.words import countdown
from workflow import boards, lists, overdue
from workflow.finding import comparisons, searches
from workflow.identity import stand_ins
from workflow.incoming import arrivals, bounces
from workflow.jobs import board
from workflow.operation import setting_up
from workflow.publishing import publicity

bp = Blueprint("home", __name__)


@bp.get("/")
def show() -> str:
    with reading() as session:
        return render_template(
            "home.html",
            to_set_up=setting_up.steps(session, settings(), actor(), received()),
            piles=lists.waiting_for(session, actor(), now()),
            rulings=comparisons.waiting(session, actor()),
            asked=lists.asked_of(session, actor(), now()),
            hidden=lists.hidden(session, actor()),
            publicity=publicity.at_hand(session, actor(), today()),
            batches=boards.waiting(session, actor()),
            to_collect=boards.to_collect(session, actor()),
            elsewhere=lists.waiting_for_others(session, actor()),
            given_up=board.given_up(session, actor()),
            came_in=arrivals.waiting(session, actor()),
            came_back=bounces.lately(session, actor(), now()),
            lately=lists.lately(session, actor()),
            saved=searches.of(session, actor()),
            to_stand_in=stand_ins.open_to(session, current_user.person_id, today())
            if not current_user.standing
            else [],
            looks_overdue=overdue.looks(actor()),
            may_write=bool(lists.centres_to_write_for(session, actor())),
            countdown=countdown,
            before_deadline=lists.BEFORE_DEADLINE,
        )
