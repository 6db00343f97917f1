#variable_conflict use_variable
DECLARE
  mine {of} := {mine};
BEGIN
  {guard}RETURN QUERY SELECT t.{key} FROM {table} AS t
  WHERE {is_mine}
    AND {condition}
{order}  LIMIT {most};
END
