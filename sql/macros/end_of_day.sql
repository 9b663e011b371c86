-- end_of_day(moment)
-- A bare date means the end of that day; a moment with a time stays what it is.

create macro main.end_of_day(moment) as
case
    when moment::timestamp = moment::date::timestamp then moment::timestamp + interval 1 day - interval 1 second
    else moment::timestamp
end
