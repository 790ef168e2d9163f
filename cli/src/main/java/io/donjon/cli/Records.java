package io.donjon.cli;

import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Records as maps, for JSON: each component under its name, records and lists within likewise. */
final class Records {
    private Records() {}

    static Map<String, @Nullable Object> fields(Record record) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        for (RecordComponent component : record.getClass().getRecordComponents()) {
            try {
                fields.put(component.getName(), value(component.getAccessor().invoke(record)));
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(record.getClass() + " has no public " + component.getName(), e);
            }
        }
        return fields;
    }

    private static @Nullable Object value(@Nullable Object value) {
        if (value instanceof Record record) {
            return fields(record);
        }
        return value instanceof List<?> list ? list.stream().map(Records::value).toList() : value;
    }
}
