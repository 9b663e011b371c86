-- whole_sum(figure)
-- Sum of figures that are all known; null where one of them is not, for what is unknown is no zero.

create macro main.whole_sum(figure) as
case when count(*) = count(figure) then sum(figure) end
