-- questions.claims_and_evidence
-- What does each statement of the article say, what do the figures that count the same thing say, and what follows?
-- The least or the most is null where a figure is only a bound and open to that side.
--
-- grain:  claim_id

select
    claim_id,
    statement,
    claimed_value,
    unit,
    verdict,
    count(*) filter (where role = 'evidence') as evidence_count,
    case
        when count(*) filter (where role = 'evidence' and coalesce(evidence_value, evidence_low) is null) = 0
            then min(coalesce(evidence_value, evidence_low)) filter (where role = 'evidence')
    end as evidence_least,
    case
        when count(*) filter (where role = 'evidence' and coalesce(evidence_value, evidence_high) is null) = 0
            then max(coalesce(evidence_value, evidence_high)) filter (where role = 'evidence')
    end as evidence_most,
    string_agg(distinct publisher, '; ' order by publisher) filter (where role = 'evidence') as publishers,
    count(*) filter (where role = 'context') as context_count,
    count(*) filter (where role = 'reprint') as reprint_count
from marts.claim_check
group by claim_id, statement, claimed_value, unit, verdict
order by claim_id asc
