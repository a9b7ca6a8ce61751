"""The deck: its figures are those of the answers, its file is the same every time, its texts stand on the page."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from functools import cache
from itertools import accumulate
from pathlib import Path

import pptx
import pytest

import impacttree as it
from impacttree.answers.case import Case
from impacttree.answers.net_over_time import returns
from impacttree.errors import OutputError, QuestionError
from impacttree.reports.deck import Deck
from impacttree.views import Panel
from impacttree.views.slides import Figures, Slide, Timeline
from tests.templates.test_saas import northwind, total

pytestmark = pytest.mark.slow

BETS = (
    ("saas", "engagement", "+5%", {"cost": "$250k"}),
    ("saas", "churn", "-0.2pp", {"scenario": "downturn", "people": False}),
    ("internal", "deploy_minutes", "=12 minutes/deploy", {}),
    ("duolingo", "mau", "+2%", {"cost": "$30M ($20M to $40M)"}),
)
each_bet = pytest.mark.parametrize("bet", BETS, ids=lambda bet: f"{bet[0]}-{bet[1]}")


@cache
def made(template: str, metric: str, change: str, options: tuple[tuple[str, object], ...]) -> Deck:
    return it.template(template).deck(metric, change, **dict(options))  # type: ignore[arg-type]


def deck_of(bet: tuple[str, str, str, dict[str, object]]) -> Deck:
    return made(*bet[:3], tuple(bet[3].items()))


def texts(slide: Slide) -> list[str]:
    found: list[str] = []
    typeset_texts(slide, found)
    return found


def typeset_texts(value: object, found: list[str]) -> None:
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, tuple):
        for one in value:
            typeset_texts(one, found)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            typeset_texts(getattr(value, name), found)


def panels(slide: Slide) -> list[Panel]:
    return [panel for part in slide.parts if isinstance(part.picture, Figures) for panel in part.picture.panels]


# ---- figures


def test_the_figures_of_a_deck_are_those_of_the_answers() -> None:
    tree = it.template("saas")
    deck = deck_of(BETS[0])
    answer = tree.worth("engagement", "+5%", horizon=36, cost="$250k")
    first, third = deck.slides[0], deck.slides[2]
    base, lifted = northwind(months=36), northwind(0.42 * 1.05, months=36)
    gained = total(lifted, "profit") - total(base, "profit")
    assert answer.total == pytest.approx(gained, rel=1e-9)
    soon = total(northwind(0.42 * 1.05, months=12), "profit") - total(northwind(months=12), "profit")
    assert first.title == (
        "We ask $250k: +5% weekly engagement does not pay back within 12 months "
        f"(−${250 - soon / 1e3:.0f}k) but does within 36 (+${gained / 1e3 - 250:.0f}k), in Jul 2028"
    )
    assert tree.spec.calendar.label(answer.payback) in [panel.body for panel in panels(first)]
    assert "does not pay back within 12 months but does within 36, in Jul 2028" in third.title
    assert f"+${answer.net / 1e3:.0f}k" in [panel.body for panel in panels(third)]
    assert tree._subject.fingerprint in first.footer[0]
    assert "Illustrative" in first.footer[0]


def test_returns_agree_with_the_payback_of_a_worth_and_with_brute_force() -> None:
    tree = it.template("saas").subtree("profit")
    case = Case.of(tree._subject, {"engagement": "+5%"}, 36)
    found = returns(case, tree._graph["profit"], "$250k ($200k to $300k)")
    rows = tree.project(36, {"engagement": "+5%"})["profit"], tree.project(36)["profit"]
    net = [total - 250_000 for total in accumulate(a - b for a, b in zip(rows[0][1:], rows[1][1:], strict=True))]
    assert found.net == pytest.approx(net, rel=1e-9)
    pays = tree.worth("engagement", "+5%", cost="$250k ($200k to $300k)").pays
    assert (found.payback, found.payback_low, found.payback_high) == (pays.payback, pays.payback_low, pays.payback_high)
    last = pays.stages[-1].range
    assert (found.low[-1], found.high[-1]) == pytest.approx((last.p10, last.p90), rel=1e-9)
    assert found.payback == next(t for t, value in enumerate(net, 1) if value >= 0)


def test_without_a_cost_nothing_is_asked_for() -> None:
    deck = deck_of(BETS[1])
    assert not any(re.search(r"\bask\b|Approve|pays back", slide.title) for slide in deck.slides)
    assert "before any cost" in deck.slides[0].footer[1]


def test_people_can_be_left_out() -> None:
    owners = {metric.owner for metric in it.template("saas").metrics if metric.owner}
    deck = deck_of(BETS[1])
    for slide in deck.slides:
        assert not {text for text in texts(slide) if text in owners}
    assert owners & {text for slide in deck_of(BETS[0]).slides for text in texts(slide)}


@each_bet
def test_six_slides_and_an_appendix_with_titles_that_are_sentences(
    bet: tuple[str, str, str, dict[str, object]],
) -> None:
    deck = deck_of(bet)
    assert 6 < len(deck.slides) < 30
    for number, slide in enumerate(deck.slides):
        assert slide.title[:1] == slide.title[:1].upper()
        assert len(slide.footer) == 2
        assert (slide.subtitle or slide.title).startswith("Appendix") == (number >= 6)
        assert not re.search(r"\b(nan|inf|None)\b|->", " ".join(texts(slide)))


def test_an_equation_adds_up_as_shown() -> None:
    _, how, *_ = deck_of(BETS[0]).slides
    numbers = [int(re.sub(r"\D", "", panel.body)) for panel in panels(how)]
    revenue, cogs, profit, ask, net = numbers
    assert revenue - cogs == profit
    assert profit - ask == net


def test_several_bets_stand_in_one_deck() -> None:
    deck = it.template("saas").deck([("engagement", "+5%"), ("arpu", "+$1")])
    assert sum("weekly engagement" in slide.title.lower() for slide in deck.slides) >= 2
    assert sum("ARPU" in slide.title for slide in deck.slides) >= 2


def test_without_a_metric_the_best_lever_is_taken() -> None:
    tree = it.template("saas")
    best = next(row for row in tree.sensitivity().rows if row.rank == 1)
    assert tree.deck().slides[0].title.lower().startswith(best.label.lower())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("engagment", "+5%"), "did you mean 'engagement'"),
        (("engagement",), "no change is given"),
        ((["engagement"],), "pairs of metric and change"),
        (("engagement", "+5%", "ltv_to_cac"), "does not add up over time"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(QuestionError, match=message):
        it.template("saas").deck(*arguments)  # type: ignore[arg-type]


# ---- answers put together


def test_a_deck_of_answers_heads_its_footers() -> None:
    tree = it.template("saas")
    answers = [tree.worth("engagement", "+1%"), tree.pnl(), tree.sensitivity(), tree.simulate(samples=256)]
    deck = it.deck(answers, title="Northwind", as_of="31 October 2026")
    assert len(deck.slides) >= 4
    head = "Source: Northwind; Northwind CRM tree. Illustrative data. As of 31 October 2026. Version "
    assert all(slide.footer[0].startswith(head) for slide in deck.slides)
    with pytest.raises(QuestionError, match="needs answers"):
        it.deck([])
    with pytest.raises(QuestionError, match="not of a str"):
        it.deck(["x"])  # type: ignore[list-item]


# ---- the file


@each_bet
def test_a_deck_is_the_same_file_every_time(bet: tuple[str, str, str, dict[str, object]], tmp_path: Path) -> None:
    deck = deck_of(bet)
    again = it.template(bet[0]).deck(bet[1], bet[2], **bet[3])  # type: ignore[arg-type]
    assert again.slides == deck.slides
    deck.save(tmp_path / "a.pptx")
    assert (tmp_path / "a.pptx").read_bytes() == again.to_bytes()
    presentation = pptx.Presentation(io.BytesIO((tmp_path / "a.pptx").read_bytes()))
    assert [page.shapes.title.text_frame.text.replace("\x0b", " ") for page in presentation.slides] == [
        slide.title for slide in deck.slides
    ]
    with pytest.raises(OutputError):
        deck.save(tmp_path / "a.pptx", overwrite=False)
    with pytest.raises(OutputError, match="PowerPoint"):
        deck.save(tmp_path / "a.pdf")


def test_a_template_that_is_not_there_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"the template company\.pptx cannot be read"):
        it.template("saas").deck("engagement", "+5%", template=tmp_path / "company.pptx")


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@each_bet
def test_no_text_leaves_the_page_that_libreoffice_draws(
    bet: tuple[str, str, str, dict[str, object]], tmp_path: Path
) -> None:
    deck = deck_of(bet)
    deck.save(tmp_path / "deck.pptx")
    home = f"-env:UserInstallation=file://{tmp_path}/office"
    command = ["soffice", home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), "deck.pptx"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=180)
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    found = subprocess.run(
        ["pdftotext", "-bbox", "deck.pdf", "-"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    pages = re.findall(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', found, flags=re.DOTALL)
    assert len(pages) == len(deck.slides)
    for width, height, words in pages:
        boxes = re.findall(r'xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)"', words)
        assert boxes
        for left, top, right, bottom in (tuple(map(float, box)) for box in boxes):
            assert left >= 0
            assert top >= 0
            assert right <= float(width)
            assert bottom <= float(height)


# ---- words


def test_events_of_the_timeline_are_to_scale() -> None:
    (line,) = [part.picture for part in deck_of(BETS[0]).slides[5].parts if isinstance(part.picture, Timeline)]
    places = {int(re.search(r"month (\d+)", event.when)[1]): event.at for event in line.events}  # type: ignore[index]
    assert all(at == pytest.approx((period - 1) / 35) for period, at in places.items())
    assert list(places) == sorted(places)
