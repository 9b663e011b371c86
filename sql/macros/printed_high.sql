-- printed_high(figure, qualifier, half_step)
-- Most that a printed figure allows, as printed_low for the least; null where it is a lower bound, for nothing is above it then.

create macro main.printed_high(figure, qualifier, half_step) as
case
    when figure is null then null
    when coalesce(qualifier, 'eq') = 'eq' then figure + half_step
    when qualifier = 'about' then figure + greatest(0.05 * abs(figure), half_step)
    when qualifier in ('nearly', 'lt', 'le') then figure
end
