-- questions.behind_a_number
-- Where does China's rare-earth export of May 2019 come from? From the fact down to the raw file, the line and the receipt.
-- For another number change the two conditions at the end.
--
-- grain:  release_id, raw_line

select
    fact.series_id,
    fact.period_start,
    fact.weight_kg,
    fact.status,
    fact.publication,
    fact.note,
    fact.known_from,
    fact.known_from_basis,
    fact.release_id,
    'data/raw/' || file.source || '/*/' || left(file.body_sha256, 12) || '/' || fact.source_member as raw_file,
    fact.source_row as raw_line,
    file.receipt_id,
    file.observed_at
from facts.trade_total as fact
inner join meta.release_file as file
    on fact.release_id = file.release_id and fact.source_member = file.source_member
where
    fact.series_id = 'china_customs_bulletin/rare_earths'
    and fact.period_start = date '2019-05-01'
    and fact.period_kind = 'month'
