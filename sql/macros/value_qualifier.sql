-- value_qualifier(qualifier, weight)
-- The qualifier of a row's value: a page's word is told of the weight where there is one, else of the value.

create macro main.value_qualifier(qualifier, weight) as
case when weight is null then coalesce(qualifier, 'eq') else 'eq' end
