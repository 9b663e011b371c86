"""What a column means wherever it stands: names that several tables use, described once for facts, curated tables and marts.

A table that means something else by a name describes it itself; names of one table only do not belong here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """What the values of a column say, and in which unit."""

    description: str
    unit: str | None = None
    refers: str | None = None
    """Which of `REFERRED` its values are."""


REFERRED = {
    "country": "vocabulary.country.iso3",
    "commodity": "vocabulary.commodity.commodity",
    "series": "vocabulary.series.series_id",
}
"""Columns of the vocabulary that hold all there is of a kind of code."""

_COUNTRY = "Its English short name (vocabulary.country)."

COLUMNS: dict[str, Meaning] = {
    # Where a figure comes from.
    "source": Meaning("Source folder it came through."),
    "dataset": Meaning("Publication of the office the series belongs to."),
    "publisher": Meaning("Whose statistic it is."),
    "publication": Meaning("Address of the page or file that prints the figure."),
    "page_tier": Meaning(
        "Grade of the page, of several the best: 1 the publisher's own, 2 agency or trade press, 3 repost or unknown; null where an office"
        " filed it."
    ),
    "statistic_id": Meaning("Rows with one id state one figure of one publisher; null where it stands alone."),
    "note": Meaning("Remark; on a figure the compiler's, with conflicts and formulas."),
    "release_id": Meaning("Release (meta.release)."),
    "slice": Meaning("Slice (meta.release) the line belongs to."),
    "source_member": Meaning("Name of the raw file."),
    "source_row": Meaning("Line of the raw file, the header being line 1."),
    "edition": Meaning("Edition that prints the figure."),
    # What is counted.
    "series_id": Meaning("Series (vocabulary.series): what is counted, by whom, on which basis. Nothing ever mixes two.", refers="series"),
    "series_key": Meaning("How the source names the series (vocabulary.series)."),
    "flow": Meaning("export or import, as the reporter sees it."),
    "counts": Meaning("What the statement counts; the wordings that count the same stand in vocabulary.claim_scope."),
    "measure": Meaning("value_usd, weight_kg or quantity."),
    "commodity": Meaning("Commodity (vocabulary.commodity).", refers="commodity"),
    "commodity_text": Meaning("Commodity as worded."),
    "stage": Meaning("Stage of processing."),
    "scope": Meaning("exact (all of the commodity at that stage and nothing else), part (nothing else, not all) or broad (more than it)."),
    "scope_text": Meaning("What it covers, as worded."),
    "code": Meaning("Commodity code as filed."),
    "code_system": Meaning("Code system of `code`, e.g. CN HS8 or the bulletin's own lines."),
    "basis": Meaning("weight, value, or unknown where the publisher does not say."),
    "valuation": Meaning("FOB, CIF or customs value."),
    "trade_system": Meaning("general or special trade."),
    "procedure": Meaning("Customs regime, where filed."),
    "direction": Meaning("tighten or loosen."),
    "description": Meaning("What happened."),
    "definition": Meaning("What is counted."),
    "basis_text": Meaning("Days of what, as worded."),
    "holder": Meaning("national, private or total."),
    "offtake_text": Meaning("Terms of the offtake."),
    "statement": Meaning("The statement in our words."),
    "reason": Meaning("Why."),
    "reason_code": Meaning("Why, in a word that a program can compare (docs/dictionary.md, Reasons); of several the first told."),
    "state": Meaning(
        "current, superseded, withdrawn, quarantined, failed, or passed_over (it was quarantined or failed, and a later snapshot was good)."
    ),
    # Who trades.
    "reporter_iso3": Meaning("Country whose customs office filed the figure (ISO 3166 alpha-3).", refers="country"),
    "partner_iso3": Meaning("The other country; WLD for all partners together, OTHER for secret or unspecified ones.", refers="country"),
    "partner_code": Meaning("Partner as the office codes it; null where it uses no codes."),
    "partner_role": Meaning("country, world, special (secret, bunkers, not specified) or returned (reporter equals partner)."),
    "country_iso3": Meaning("Country.", refers="country"),
    "country_name": Meaning("Country as printed."),
    "investor": Meaning("Who holds it."),
    "investor_country_iso3": Meaning("Investor's country.", refers="country"),
    "asset": Meaning("Mine, plant or company."),
    "asset_country_iso3": Meaning("Country of the asset.", refers="country"),
    "reporter_text": Meaning("Reporter as worded."),
    "reporter": Meaning(_COUNTRY),
    "importer": Meaning(_COUNTRY),
    "importer_iso3": Meaning("Importing country; EUU counts supply from outside the Union only."),
    # When.
    "month": Meaning("First day of the month."),
    "period_start": Meaning("First day of the period."),
    "period_months": Meaning("Length of the period.", "months"),
    "period_end": Meaning("Last day of the period; null where open or unknown."),
    "period_kind": Meaning("month, combined (January and February as one), cumulative (since January), year or range."),
    "period_text": Meaning("Period as worded."),
    "start_date": Meaning("First day the printed start can mean."),
    "end_date": Meaning("Last day the printed end can mean."),
    "valid_from": Meaning("First day of validity; null where not printed."),
    "valid_to": Meaning("Last day of validity; null where open or not printed."),
    "event_date": Meaning("First day the printed date can mean."),
    "date_precision": Meaning("day, month, year, or approx where inferred."),
    "event_id": Meaning("Number of the event."),
    # How much.
    "value_usd": Meaning("Value as filed in US dollars.", "USD"),
    "value_method": Meaning("How the value came about, as weight_method says it for the weight."),
    "weight_kg": Meaning("Weight; null where unknown, never zero for unknown.", "kg"),
    "weight_method": Meaning(
        "filed, difference (of filed levels), percentage (of a printed change), product or null where there is no weight."
    ),
    "derived_from": Meaning(
        "Spans whose printed totals a derived weight is the rest of, YYYY-MM/YYYY-MM separated by |; null where of none."
    ),
    "quantity": Meaning("Quantity in the office's own unit.", "see quantity_unit"),
    "quantity_unit": Meaning("Unit of quantity."),
    "currency": Meaning("Currency (ISO 4217)."),
    "value_text": Meaning("As printed."),
    "value_qualifier": Meaning("eq, about, nearly, lt, le, gt, ge or not_available."),
    "qualifier": Meaning("eq, about, nearly, lt, le, gt or ge: only eq is a point. Of the weight where there is one, else of the value."),
    "status": Meaning("reported or derived."),
    "amount_unit": Meaning("t or USD."),
    "amount_of": Meaning("Whether the amount is the partner's or that of all partners."),
    "share_percent": Meaning("Share as printed.", "%"),
    "share_bound": Meaning("Bound as printed, e.g. >90; a bound is never a point."),
    "includes_domestic": Meaning(
        "Whether the importer's own output is in the base, so that it is no share of imports; null where unknown."
    ),
    "incomplete_because": Meaning("Why rows of this table are known to be missing; null where none are."),
    "target_days": Meaning("Days.", "d"),
    # What marts compute.
    "amount": Meaning("Amount traded; null where known to be missing, not printed, or no point: about that much, or a bound.", "see unit"),
    "amount_low": Meaning("Least it can be; the amount itself where that is a point.", "see unit"),
    "amount_high": Meaning("Most it can be; null where nothing is printed, or only that it is more than so much.", "see unit"),
    "amount_method": Meaning("filed (printed or filed as it is), else how it was computed: difference, percentage, product or unstated."),
    "unit": Meaning("t for weight, USD for value."),
    "change_on_month": Meaning("Amount over the month before, less one; only between single months that adjoin.", "ratio"),
    "change_on_year": Meaning("Amount over the same span a year before, less one.", "ratio"),
    "year_to_date": Meaning("Trade from January to the end of the period.", "see unit"),
    "year_to_date_basis": Meaning("printed (not computed), sum (of the tiling), or mixed: what year_to_date and its change stand on."),
    "year_to_date_printed": Meaning("That total as the office printed it; null where it printed none.", "see unit"),
    "year_to_date_sum": Meaning("What the tiles since January add up to; null where they do not cover them.", "see unit"),
    "year_to_date_change_on_year": Meaning("year_to_date over that of the year before, less one.", "ratio"),
    "trailing_12_months": Meaning("Trade of the twelve months to the end of the period.", "see unit"),
    "trailing_12_months_change_on_year": Meaning("trailing_12_months over the twelve months before them, less one.", "ratio"),
    "three_month_change": Meaning("Trade of the last three months over the three before, less one.", "ratio"),
    "flags": Meaning(
        "`measure:reason` for every null among the measures, separated by blanks; reasons in docs/methods.md. No null:"
        " `amount:contradicted` by another print, and `year_to_date:printed_differs_from_sum` where the printed total and the sum of its"
        " months disagree, as after a revision."
    ),
    "list_status": Meaning("complete (largest first, the rest printed as others), loose, partial, selected or filed; see docs/methods.md."),
    "share": Meaning("Share of the total; null where the figure is no point: a bound, about that much, or an amount alone.", "0 to 1"),
    "share_low": Meaning("Least it can be: what the print allows; the share itself for filed flows.", "0 to 1"),
    "share_high": Meaning("Most it can be; of a filed flow with what is unattributed, which may be the partner's.", "0 to 1"),
    "share_rank": Meaning("Rank among the countries, 1 for the largest share; equal shares have equal ranks."),
    "total": Meaning("Total of all partners; null where not printed.", "see unit"),
    "threshold_version": Meaning("Thresholds (vocabulary.threshold) the class was judged by."),
}
