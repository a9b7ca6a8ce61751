"""Diagrams that look like real answers (illustrative data), and random ones whose money adds up over any cut."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from impacttree.views import Callout, Card, Diagram, Link, Panel

BASIS = (
    "Basis: accrual, pre-tax, undiscounted, before the cost of achieving it; lift held from period 1.",
    "Figures on arrows: elasticity of the target to the source, and money carried; they add up over any cut.",
    "Illustrative data.",
)
NOUNS = (
    "Cart", "Order", "Trial", "Query", "Login", "Session", "Usage", "Seat", "Report", "Alert",
    "Team", "Ticket", "Invite", "Export", "Space", "Visit", "Upload", "Search", "Page", "Plan",
)  # fmt: skip
PRODUCT, DRIVER, FINANCIAL = "product", "driver", "financial"


def card(row: str) -> Card:
    """``id | kind | label | value | unit | owner | change | tone | extra`` as a card."""
    cells = [cell.strip() for cell in row.split("|")] + [""] * 9
    ident, kind, label, value, unit, owner, change, tone, extra = cells[:9]
    return Card(
        id=ident,
        kind={"p": PRODUCT, "d": DRIVER, "f": FINANCIAL}[kind],
        label=label,
        value=value,
        unit=unit,
        owner=owner,
        change=change,
        tone={"+": "favourable", "-": "adverse", "": "neutral"}[tone],
        guardrail=extra[2:] if extra.startswith("g:") else "",
        memory=extra == "memory",
    )


def money(amount: float) -> str:
    if amount == 0:
        return ""
    sign, size = "-" if amount < 0 else "+", abs(amount)
    if size >= 1e6:
        return f"{sign}${size / 1e6:.3g}M"
    return f"{sign}${size / 1e3:.3g}k" if size >= 1e3 else f"{sign}${size:.0f}"


def link(row: str) -> Link:
    """``source target elasticity amount flags`` as a link; flags: a assumed, b back, L delayed."""
    source, target, elasticity, amount, *flags = row.split()
    marks = flags[0] if flags else ""
    return Link(
        source=source,
        target=target,
        assumed="a" in marks,
        back="b" in marks,
        delay="next month" if "b" in marks or "L" in marks else "",
        money=float(amount),
        money_text=money(float(amount)),
        elasticity=float(elasticity),
        elasticity_text=f"{float(elasticity):+.2f}",
    )


def rows(text: str) -> list[str]:
    return [line for line in text.strip().splitlines() if line.strip()]


def with_money(cards: tuple[Card, ...], links: tuple[Link, ...]) -> tuple[Card, ...]:
    through = {item.id: 0.0 for item in cards}
    for edge in links:
        for end in (edge.source, edge.target):
            through[end] = max(through[end], abs(edge.money))
    return tuple(replace(item, money=through[item.id]) for item in cards)


def made(
    title: str, subtitle: str, cards: str, links: str, path: str, callout: Callout | None, **more: object
) -> Diagram:
    edges = tuple(link(row) for row in rows(links))
    steps = tuple(path.split())
    return Diagram(
        title=title,
        subtitle=subtitle,
        cards=with_money(tuple(card(row) for row in rows(cards)), edges),
        links=edges,
        outcome=steps[-1],
        path=steps,
        lifted=steps[0],
        callout=callout,
        notes=BASIS,
        **more,  # type: ignore[arg-type]
    )


def sample18() -> Diagram:
    return made(
        "+1% engagement is worth $149k of operating profit a year",
        "97% of the effect runs through lower churn; LTV / CAC stays above its 3.0x floor",
        """
        engagement | p | Engagement | 42% | DAU / MAU | Core PM | +1.00% | +
        nps | p | NPS | 38 pts | survey | CX | +0.30% | +
        activation | p | Activation | 45% | of trials | Onboarding PM
        v2t | d | Visit-to-trial | 3.0% | of visits | Growth PM
        traffic | d | Site traffic | 1.04M | visits / yr | Marketing
        churn | d | Annual churn | 24% | of base | Retention PM | -0.58% | +
        referral | d | Referral uplift | 12% | extra new | Growth PM | +0.18% | +
        arpu | d | ARPU | $480 | per cust. / yr | Pricing PM
        customers | d | Customers | 65.8k | steady state | GM Product | +0.60% | +
        new | d | New customers | 15.8k | per year | Growth PM | +0.02% | +
        revenue | f | Revenue | $31.6M | per year | CFO | +0.60% | +
        cogs | f | COGS | $6.6M | per year | Finance | +0.60% | -
        opex | f | Opex | $15.6M | per year | Finance
        ltv | d | LTV | $1,579 | per customer | Finance | +0.58% | + | g:watched
        cac | d | CAC | $355 | per customer | Marketing | -0.02% | + | g:watched
        gp | f | Gross profit | $24.9M | per year | CFO | +0.60% | +
        ratio | d | LTV / CAC | 4.5x |  | CFO | +0.60% | + | g:floor 3.0x
        profit | f | Operating profit | $9.4M | per year | CEO | +1.59% | +
        """,
        """
        engagement churn -0.55 137000 a
        engagement nps 0.30 12000 a
        nps churn -0.10 7000 a
        nps referral 0.60 5000 a
        activation new 1.00 0
        v2t new 1.00 0
        traffic new 1.00 0
        churn customers -1.00 145000
        churn ltv -1.00 0
        referral new 0.11 5000
        arpu revenue 1.00 0
        arpu ltv 1.00 0
        new customers 1.00 5000
        customers revenue 1.00 189000
        customers cogs 1.00 -40000
        new cac -1.00 0
        new opex 0.04 0
        revenue gp 1.27 189000
        cogs gp -0.27 -40000
        gp profit 2.66 149000
        opex profit -1.66 0
        ltv ratio 1.00 0
        cac ratio -1.00 0
        """,
        "engagement churn customers revenue gp profit",
        Callout("Worth per year", "+$149k", "operating profit", "P10 to P90 $100k to $201k"),
        period="year",
    )


def funnel5() -> Diagram:
    return made(
        "+1% Sign-up rate adds $110k revenue in the first 12 months",
        "",
        """
        signup | p | Sign-up rate | 4.0% | of visits | Growth PM | +1.00% | +
        visits | d | Site visits | 1.2M | per month | Marketing
        trials | d | Trials | 48.0k | per month | Growth PM | +1.00% | +
        orders | d | Orders | 9.6k | per month | Sales | +1.00% | +
        revenue | f | Revenue | $0.9M | per month | CFO | +1.00% | +
        """,
        """
        signup trials 1.00 110000
        visits trials 1.00 0
        trials orders 1.00 110000
        orders revenue 1.00 110000
        """,
        "signup trials orders revenue",
        Callout("First 12 months", "+$110k", "revenue", "P10 to P90 $74k to $148k"),
    )


def saas25() -> Diagram:
    return made(
        "+1% Weekly engagement adds $122k operating profit in the first 12 months",
        "92% through lower churn; referrals feed back next month; LTV / CAC stays above its 3.0x floor",
        """
        engagement | p | Weekly engagement | 42.0% | of accounts | Core PM | +1.00% | +
        adoption | p | Feature adoption | 31% | of seats | Core PM
        ttv | p | Time to value | 6 days | median | Onboarding PM
        v2t | d | Visit-to-trial | 3.0% | of visits | Growth PM
        response | p | Support response | 4.1 h | median | Support
        marketing | d | Marketing spend | $420k | per month | CMO
        churn | d | Monthly churn | 2.5% | per month | Retention PM | -0.64% | +
        nps | p | NPS | 38 pts | survey | CX | +0.30% | +
        activation | p | Activation | 45% | of trials | Onboarding PM
        trials | d | Trials | 2.6k | per month | Growth PM
        visits | d | Site visits | 87k | per month | Marketing
        customers | d | Customers | 65.8k | stock | GM Product | +0.46% | + | memory
        new | d | New customers | 1.5k | per month | Growth PM | +0.05% | +
        referred | d | Referred sign-ups | 310 | per month | Growth PM | +0.24% | +
        arpu | d | ARPU | $40 | per month | Pricing PM
        expansion | d | Seat expansion | 1.1% | per month | Account mgmt
        revenue | f | Revenue | $2.6M | per month | CFO | +0.46% | +
        hosting | f | Hosting cost | $0.3M | per month | CTO | +0.32% | -
        support | f | Support cost | $0.2M | per month | Support | +0.41% | -
        ltv | d | LTV | $1,280 | per customer | Finance | +0.64% | + | g:watched
        gp | f | Gross profit | $2.1M | per month | CFO | +0.48% | +
        ratio | d | LTV / CAC | 4.5x |  | CFO | +0.68% | + | g:floor 3.0x
        contribution | f | Contribution | $1.7M | per month | CFO | +0.60% | +
        opex | f | Fixed opex | $0.9M | per month | Finance
        profit | f | Operating profit | $0.8M | per month | CEO | +1.27% | +
        """,
        """
        engagement churn -0.60 111000 a
        engagement nps 0.30 10000 a
        adoption engagement 0.40 0 a
        adoption expansion 0.30 0 a
        ttv activation -0.35 0 a
        v2t trials 1.00 0
        response nps -0.20 0 a
        response support -0.20 0 a
        marketing visits 0.40 0 a
        marketing ratio -1.00 0
        marketing contribution -0.25 0
        nps churn -0.12 6700 a
        nps referred 0.80 3800 a
        activation new 0.80 0
        trials new 0.80 0
        visits trials 1.00 0
        churn customers -0.70 118000
        churn ltv -1.00 0
        new customers 0.30 3800
        referred new 0.20 3800
        customers revenue 1.00 144000
        customers hosting 0.70 -11000
        customers support 0.90 -10000
        customers referred 0.20 987 b
        arpu revenue 1.00 0
        arpu ltv 1.00 0
        expansion arpu 0.20 0 a
        new ratio 0.90 0
        revenue gp 1.24 144000
        hosting gp -0.14 -11000
        support gp -0.10 -10000
        ltv ratio 1.00 0
        gp contribution 1.25 122000
        contribution profit 2.10 122000
        opex profit -1.10 0
        """,
        "engagement churn customers revenue gp contribution profit",
        Callout("First 12 months", "+$122k", "operating profit", "P10 to P90 $82k to $164k"),
    )


def duolingo() -> Diagram:
    return made(
        "+1% Lessons per day adds $1.36M gross profit in the first 12 months",
        "Revenue rises $1.9M, AI cost takes back a part; gross margin stays above its 68% floor",
        """
        lessons | p | Lessons per day | 3.1 | per DAU | Learning PM | +1.00% | +
        streak | p | Streak length | 42 days | median | Habit PM | +0.50% | +
        retention | p | Daily retention (CURR) | 88% | of DAU | Retention PM | +0.11% | +
        dau | d | Daily active users | 34M | stock | CPO | +0.44% | + | memory
        fresh | d | New users | 1.1M | per day | Growth PM
        share | p | Subscriber share | 8.6% | of MAU | Monetisation PM
        calls | d | AI calls per lesson | 0.7 | per lesson | AI PM
        subs | d | Subscribers | 9.5M | stock | GM Subs | +0.31% | + | memory
        price | d | Price per subscriber | $6.1 | per month | Pricing PM
        load | p | Ad load | 1.9 | per session | Ads PM
        ai | f | AI cost | $4.9M | per month | CTO | +0.79% | -
        subrev | f | Subscription revenue | $58M | per month | CRO | +0.31% | +
        adrev | f | Ad revenue | $5.2M | per month | CRO | +0.44% | +
        hosting | f | Hosting | $3.8M | per month | CTO | +0.35% | -
        revenue | f | Revenue | $63M | per month | CFO | +0.32% | +
        fees | f | App-store fees | $11M | per month | Finance | +0.31% | -
        gp | f | Gross profit | $43M | per month | CFO | +0.26% | +
        margin | d | Gross margin | 69% |  | CFO | -0.06% | - | g:floor 68%
        """,
        """
        lessons streak 0.50 849000 a
        streak retention 0.12 849000 a
        lessons retention 0.05 708000 a
        retention dau 4.00 1560000
        fresh dau 0.30 0
        dau subs 0.70 1710000 a
        share subs 1.00 0
        dau adrev 1.00 263000
        dau hosting 0.80 -163000
        dau ai 1.00 -250000
        lessons ai 0.35 -199000
        calls ai 1.00 0
        subs subrev 1.00 1710000
        price subrev 1.00 0
        load adrev 1.00 0
        subrev revenue 0.92 2120000
        adrev revenue 0.08 263000
        subrev fees 1.00 -413000
        revenue gp 1.45 2380000
        fees gp -0.25 -413000
        hosting gp -0.09 -163000
        ai gp -0.11 -448000
        revenue margin -1.00 0
        gp margin 1.00 0
        dau fresh 0.10 28000 b
        """,
        "lessons streak retention dau subs subrev revenue gp",
        Callout("First 12 months", "+$1.36M", "gross profit", "P10 to P90 $910k to $1.83M"),
    )


def board(diagram: Diagram) -> Diagram:
    assert diagram.callout
    panels = (
        Panel(
            "Worth, first 12 months",
            diagram.callout.amount,
            f"{diagram.callout.what}; {diagram.callout.range}",
            accent=True,
        ),
        Panel("Cost to achieve", "not stated", "net worth and payback follow once a cost is entered"),
        Panel("Evidence", "92% experiment", "8% judgement; data as of 31 Oct 2026"),
        Panel("The ask", "Decide", "fund the next step of the lift"),
    )
    return replace(diagram, cut="board", panels=panels)


def star20() -> Diagram:
    things = ("speed", "cost", "rate", "quality", "share", "volume", "depth", "growth")
    chance = Random(3)
    cards, links = [], []
    for number, (noun, thing) in enumerate(zip(NOUNS, things * 3, strict=False)):
        name = noun.lower()
        kind = "p" if thing in ("speed", "quality", "share", "growth") and number % 3 else "d"
        change = "+1.00% | +" if name == "query" else ""
        cards.append(
            f"{name} | {kind} | {noun} {thing} | {chance.uniform(5, 70):.1f}% | of base"
            f" | Team {'ABCDE'[number % 5]} | {change}"
        )
        links.append(
            "query revenue 0.65 195000" if name == "query" else f"{name} revenue {chance.uniform(-1, 1):.2f} 0"
        )
    cards.append("revenue | f | Revenue | $31.6M | per year | CFO | +0.65% | +")
    return made(
        "+1% Query quality adds $195k revenue in the first 12 months", "", "\n".join(cards), "\n".join(links),
        "query revenue", Callout("First 12 months", "+$195k", "revenue", "P10 to P90 $131k to $263k"),
    )  # fmt: skip


def chain(length: int = 14) -> Diagram:
    cards = [
        f"m{number} | {'pdf'[min(2, number * 3 // length)]} | Step {number + 1} | {number}.0k | per month | Owner"
        " | +0.50% | +"
        for number in range(length)
    ]
    links = [f"m{number} m{number + 1} 1.00 50000" for number in range(length - 1)]
    path = " ".join(f"m{number}" for number in range(length))
    return made(
        "A long chain", "", "\n".join(cards), "\n".join(links), path, Callout("First 12 months", "+$50k", "profit")
    )


def two() -> Diagram:
    return made(
        "+1% Orders adds $9k revenue in the first 12 months", "Everything in one step",
        """
        orders | d | Orders | 9.6k | per month | Sales | +1.00% | +
        revenue | f | Revenue | $0.9M | per month | CFO | +1.00% | +
        """,
        "orders revenue 1.00 9000", "orders revenue",
        Callout("First 12 months", "+$9k", "revenue", "P10 to P90 $7k to $12k"),
    )  # fmt: skip


def one() -> Diagram:
    return Diagram(
        "Revenue today", "", (card("revenue | f | Revenue | $1.2M | per month | CFO"),), (), "revenue", ("revenue",)
    )


def k66() -> Diagram:
    cards = [f"a{n} | p | Cause {n} | {n}.0 | index | Team" for n in range(6)] + [
        f"b{n} | f | Effect {n} | ${n}.0M | per month | CFO" for n in range(6)
    ]
    links = [f"a{i} b{j} 0.50 {1000 * (i + j + 1) if i == 0 else 0}" for i in range(6) for j in range(6)]
    return made(
        "Everything on everything", "", "\n".join(cards), "\n".join(links), "a0 b5", Callout("Now", "+$6k", "effect")
    )


def without_lift(diagram: Diagram) -> Diagram:
    return replace(
        diagram,
        title=f"What drives {diagram.outcome}",
        subtitle="Values today; figures on arrows are elasticities",
        lifted="",
        callout=None,
        cards=tuple(replace(item, change="", tone="neutral", money=0.0) for item in diagram.cards),
        links=tuple(replace(item, money=0.0, money_text="") for item in diagram.links),
    )


def relabelled(diagram: Diagram, labels: list[str], owners: list[str] | None = None) -> Diagram:
    cards = tuple(
        replace(item, label=labels[number % len(labels)], owner=owners[number % len(owners)] if owners else item.owner)
        for number, item in enumerate(diagram.cards)
    )
    return replace(diagram, cards=cards)


def long_labels() -> Diagram:
    return relabelled(
        sample18(),
        [
            "Weekly engaged accounts with three or more active seats (rolling)",
            "Net revenue retention of enterprise customers",
            "Trial-to-paid conversion in the first fourteen days",
            "Donaudampfschifffahrtsgesellschaftskapitänsquote",
        ],
        ["Onboarding and lifecycle product management", "CFO"],
    )


def alphabets() -> Diagram:
    return relabelled(
        sample18(),
        [
            "Вовлечённость",
            "週次エンゲージメント率",
            "Δέσμευση πελατών",
            "معدل الاحتفاظ",
            "Zaangażowanie",
            "שיעור שימור",
            "Ngày hoạt động",
            "月次解約率",
        ],
        ["Отдел роста", "成長チーム", "ÅÄÖ"],
    )


HOSTILE = [
    "</svg><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "R&D & 'quotes' \"double\"",
    "bell\x07 and \x00 null", "\u202egnp.exe\u202c", "]]>&amp;&#x41;", "a" * 500,
    "<!--", "{{7*7}}", "\ud800 lone", "line\nbreak\ttab", "😀 emoji 👩‍👩‍👧",
]  # fmt: skip


def hostile() -> Diagram:
    base = relabelled(sample18(), HOSTILE, HOSTILE)
    rename = {item.id: f"{HOSTILE[number % len(HOSTILE)][:40]}{number}" for number, item in enumerate(base.cards)}
    return replace(
        base,
        title=HOSTILE[0] + HOSTILE[2],
        subtitle=HOSTILE[4],
        notes=tuple(HOSTILE[:3]),
        cards=tuple(
            replace(item, id=rename[item.id], unit=HOSTILE[number % 5]) for number, item in enumerate(base.cards)
        ),
        links=tuple(replace(item, source=rename[item.source], target=rename[item.target]) for item in base.links),
        outcome=rename[base.outcome],
        path=tuple(rename[name] for name in base.path),
        lifted=rename[base.lifted],
    )


def random_diagram(size: int, seed: int, *, extra: float = 0.3, loops: int = 0) -> Diagram:
    """A layered random tree; money is the first order flow from the lifted card to the outcome."""
    chance = Random(seed)
    nouns, things = NOUNS[:10], ("speed", "cost", "rate", "quality", "share", "volume", "depth", "growth")
    outcome = size - 1
    out: dict[int, dict[int, float]] = {number: {} for number in range(size)}
    for number in range(size - 1):
        reach = max(2, size // 4)
        out[number][min(outcome, number + 1 + int(chance.random() * reach))] = (
            round(chance.uniform(-1.2, 1.2), 2) or 0.5
        )
        while chance.random() < extra and number < size - 2:
            target = number + 1 + int(chance.random() * (size - 1 - number))
            out[number].setdefault(target, round(chance.uniform(-1.2, 1.2), 2) or 0.5)
    lifted = int(chance.random() * max(1, size // 4))
    felt = [0.0] * size
    felt[outcome] = 1.0
    for number in range(outcome - 1, -1, -1):
        felt[number] = sum(effect * felt[target] for target, effect in out[number].items())
    moved = [0.0] * size
    moved[lifted] = 1.0
    for number in range(size):
        for target, effect in out[number].items():
            moved[target] += moved[number] * effect
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ())] * size
    best[outcome] = (1.0, (outcome,))
    for number in range(outcome - 1, -1, -1):
        best[number] = max(
            ((abs(e) * best[t][0], (number, *best[t][1])) for t, e in out[number].items()), default=(0.0, ())
        )
    cards, links = [], []
    for number in range(size):
        kind = (
            PRODUCT
            if chance.random() < 0.5 - number / size / 2
            else FINANCIAL
            if chance.random() < number / size * 0.7
            else DRIVER
        )
        change = moved[number]
        cards.append(
            Card(
                id=f"m{number:03d}",
                kind=FINANCIAL if number == outcome else kind,
                label=f"{chance.choice(nouns)} {chance.choice(things)} {number}"
                if number != outcome
                else "Operating profit",
                value=f"${chance.uniform(1, 40):.1f}M" if kind == FINANCIAL else f"{chance.uniform(1, 90):.1f}%",
                unit=chance.choice(["per month", "of base", "per user", "survey"]),
                owner=chance.choice(["Core PM", "CFO", "Data", "Growth PM", ""]),
                change=f"{change:+.2f}%" if abs(change) > 0.004 else "",
                tone="neutral" if abs(change) <= 0.004 else "favourable" if change * felt[number] >= 0 else "adverse",
                guardrail="floor 3.0x" if chance.random() < 0.08 and number != outcome else "",
                memory=chance.random() < 0.08,
            )
        )
        for target, effect in out[number].items():
            amount = 1e5 * moved[number] * effect * felt[target]
            links.append(
                Link(
                    f"m{number:03d}",
                    f"m{target:03d}",
                    chance.random() < 0.4,
                    False,
                    "",
                    amount,
                    money(round(amount)),
                    effect,
                    f"{effect:+.2f}",
                )
            )
    for _ in range(loops):
        target = int(chance.random() * max(1, size - 2))
        source = target + int(chance.random() * (size - target))
        links.append(Link(f"m{source:03d}", f"m{target:03d}", True, True, "next month", 900.0, "+$900", 0.1, "+0.10"))
    total = 1e5 * felt[lifted]
    path = best[lifted][1] or (outcome,)
    return Diagram(
        title=f"+1% {cards[lifted].label} moves operating profit by {money(total) or '$0'} in the first 12 months",
        subtitle=f"Random tree, {size} metrics, {len(links)} links",
        cards=with_money(tuple(cards), tuple(links)),
        links=tuple(links),
        outcome=f"m{outcome:03d}",
        path=tuple(f"m{number:03d}" for number in path),
        lifted=f"m{lifted:03d}",
        callout=Callout(
            "First 12 months",
            money(total) or "$0",
            "operating profit",
            "P10 to P90 $82k to $164k",
            "favourable" if total >= 0 else "adverse",
        ),
        notes=BASIS,
    )


NAMED = {
    "sample18": sample18,
    "funnel5": funnel5,
    "saas25": saas25,
    "duolingo": duolingo,
    "star20": star20,
    "board-duolingo": lambda: board(duolingo()),
    "board-saas": lambda: board(saas25()),
    "board-funnel": lambda: board(funnel5()),
    "one": one,
    "two": two,
    "chain14": chain,
    "k66": k66,
    "nolift-sample": lambda: without_lift(sample18()),
    "nolift-saas": lambda: without_lift(saas25()),
    "long": long_labels,
    "alphabets": alphabets,
    "hostile": hostile,
    "rand12": lambda: random_diagram(12, 5),
    "rand22": lambda: random_diagram(22, 8, loops=1),
    "rand30": lambda: random_diagram(30, 2, loops=2),
    "rand40": lambda: random_diagram(40, 4),
    "rand150": lambda: random_diagram(150, 6),
}
