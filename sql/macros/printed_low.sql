-- printed_low(figure, qualifier, half_step)
-- Least that a printed figure allows: half a step less where it is a point, 5 % less (or half a step, where that is more) where the page
-- says `about` or `nearly`, the figure itself where it says more than or at least that, and 0 where it is an upper bound. What is not
-- below zero stays so.

create macro main.printed_low(figure, qualifier, half_step) as
case
    when figure is null then null
    when coalesce(qualifier, 'eq') = 'eq' then greatest(figure - half_step, least(figure, 0))
    when qualifier in ('about', 'nearly') then greatest(figure - greatest(0.05 * abs(figure), half_step), least(figure, 0))
    when qualifier in ('gt', 'ge') then figure
    when qualifier in ('lt', 'le') then least(figure, 0)
end
