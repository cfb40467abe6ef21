/* Arithmetic over any number of arguments; what is no number is the error NaN. */
#include <math.h>

#include "domain/logic_program.h"

static bool number_at(struct logic_run *run, const struct logic_value *arguments, size_t index,
                      double *ret_number)
{
    struct logic_value value = logic_item(arguments, index);
    return logic_charge(run, 1) && logic_to_number(run, &value, ret_number);
}

LOGIC_OPERATOR(logic_add)
{
    struct logic_value local[LOGIC_ARGUMENTS_LOCAL];
    struct logic_value arguments;
    if (!logic_arguments(run, node, scope, local, &arguments))
        return false;
    double sum = 0;
    for (size_t i = 0; i < logic_count(&arguments); i++) {
        double number;
        if (!number_at(run, &arguments, i, &number))
            return false;
        sum += number;
    }
    return logic_return_number(run, sum, ret_value);
}

LOGIC_OPERATOR(logic_multiply)
{
    struct logic_value local[LOGIC_ARGUMENTS_LOCAL];
    struct logic_value arguments;
    if (!logic_arguments(run, node, scope, local, &arguments))
        return false;
    double product = 1;
    for (size_t i = 0; i < logic_count(&arguments); i++) {
        double number;
        if (!number_at(run, &arguments, i, &number))
            return false;
        product *= number;
    }
    return logic_return_number(run, product, ret_value);
}

/* One argument is negated. */
LOGIC_OPERATOR(logic_subtract)
{
    struct logic_value local[LOGIC_ARGUMENTS_LOCAL];
    struct logic_value arguments;
    if (!logic_arguments(run, node, scope, local, &arguments))
        return false;
    size_t count = logic_count(&arguments);
    double difference;
    if (count == 0)
        return logic_fail_invalid(run);
    if (!number_at(run, &arguments, 0, &difference))
        return false;
    if (count == 1)
        difference = -difference;
    for (size_t i = 1; i < count; i++) {
        double number;
        if (!number_at(run, &arguments, i, &number))
            return false;
        difference -= number;
    }
    return logic_return_number(run, difference, ret_value);
}

/* One argument is inverted. Dividing by zero, or out of the range of numbers, is NaN. */
LOGIC_OPERATOR(logic_divide)
{
    struct logic_value local[LOGIC_ARGUMENTS_LOCAL];
    struct logic_value arguments;
    if (!logic_arguments(run, node, scope, local, &arguments))
        return false;
    size_t count = logic_count(&arguments);
    double quotient = 1;
    if (count == 0)
        return logic_fail_invalid(run);
    if (count > 1 && !number_at(run, &arguments, 0, &quotient))
        return false;
    for (size_t i = count > 1 ? 1 : 0; i < count; i++) {
        double number;
        if (!number_at(run, &arguments, i, &number))
            return false;
        quotient = number < 0 || number > 0 ? quotient / number : (double)NAN;
    }
    return logic_return_number(run, isfinite(quotient) ? quotient : (double)NAN, ret_value);
}

static bool is_composite(const struct logic_value *value)
{
    return logic_is_array(value) || logic_is_object(value);
}

/* The sign is that of the dividend. */
LOGIC_OPERATOR(logic_modulo)
{
    struct logic_value local[LOGIC_ARGUMENTS_LOCAL];
    struct logic_value arguments;
    if (!logic_arguments(run, node, scope, local, &arguments))
        return false;
    size_t count = logic_count(&arguments);
    double remainder;
    struct logic_value dividend = logic_item(&arguments, 0);
    if (count < 2)
        return is_composite(&dividend) ? logic_fail_nan(run) : logic_fail_invalid(run);
    if (!number_at(run, &arguments, 0, &remainder))
        return false;
    for (size_t i = 1; i < count; i++) {
        double number;
        if (!number_at(run, &arguments, i, &number))
            return false;
        remainder = fmod(remainder, number);
    }
    return logic_return_number(run, remainder, ret_value);
}

/* The smallest or largest; unlike elsewhere only real numbers will do. */
LOGIC_OPERATOR(logic_extreme)
{
    struct logic_value local[LOGIC_ARGUMENTS_LOCAL];
    struct logic_value arguments;
    if (!logic_arguments(run, node, scope, local, &arguments))
        return false;
    size_t count = logic_count(&arguments);
    if (count == 0 || !logic_charge(run, count))
        return count == 0 ? logic_fail_invalid(run) : false;
    bool is_max = node->operation->variant == LOGIC_GREATER;
    double extreme = is_max ? -HUGE_VAL : HUGE_VAL;
    for (size_t i = 0; i < count; i++) {
        struct logic_value value = logic_item(&arguments, i);
        if (value.kind != LOGIC_NUMBER)
            return logic_fail_invalid(run);
        extreme = is_max ? fmax(extreme, value.number) : fmin(extreme, value.number);
    }
    *ret_value = logic_number(extreme);
    return true;
}
