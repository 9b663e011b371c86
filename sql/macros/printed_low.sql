-- printed_low(figure, qualifier, half_step)
-- Least that a printed figure allows: half a step less where it is a point, 5 % less (or half a step, where that is more) where the page
-- says `about` or `nearly`, the figure itself where it says more than or at least that, and 0 where it is an upper bound. Rounding
-- takes nothing below zero that is not below it.

create macro main.printed_low(figure, qualifier, half_step) as
case
    when figure is null then null
    when coalesce(qualifier, 'eq') in ('eq', 'about', 'nearly') and figure between 0 and half_step then 0
    when coalesce(qualifier, 'eq') = 'eq' then figure - half_step
    when qualifier in ('about', 'nearly') then figure - greatest(0.05 * abs(figure), half_step)
    when qualifier in ('gt', 'ge') then figure
    when qualifier in ('lt', 'le') then least(figure, 0)
end
