-- half_step(figure)
-- Half a unit of the last decimal a figure is printed with, three at most: what its rounding may hide. A whole number is taken as exact
-- to one.

create macro main.half_step(figure) as
case
    when figure = round(figure, 0) then 0.5
    when figure = round(figure, 1) then 0.05
    when figure = round(figure, 2) then 0.005
    else 0.0005
end
