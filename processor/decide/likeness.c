#include "decide/likeness.h"

#include "common/assure.h"

// A Beta(a, b) with whole parameters, so that every Beta function is a ratio of factorials.
struct beta {
    uint8_t a;
    uint8_t b;
};

static const struct beta betas[SHAPE_COUNT] = {
        [SHAPE_ANY] = {1, 1},
        [SHAPE_HARDLY] = {1, 30},
        [SHAPE_NONE] = {1, 14},
        [SHAPE_FEW] = {2, 12},
        [SHAPE_SOME] = {2, 5},
        [SHAPE_HALF] = {3, 3},
        [SHAPE_MOST] = {5, 2},
        [SHAPE_ALL] = {14, 1},
};

// ln n! in milli-nats, rounded to the nearest: lgamma(n + 1), which the test takes again.
static const int32_t ln_factorial_mnat[] = {0, 0, 693, 1792, 3178, 4787, 6579, 8525, 10605, 12802,
        15104, 17502, 19987, 22552, 25191, 27899, 30672, 33505, 36395, 39340, 42336, 45380, 48471,
        51607, 54785, 58004, 61262, 64558, 67890, 71257, 74658, 78092, 81558, 85054, 88581, 92136,
        95720, 99331, 102968, 106632, 110321, 114034, 117772, 121533, 125317, 129124, 132953,
        136803, 140674, 144566, 148478, 152410, 156361, 160331, 164320, 168327, 172353, 176396,
        180456, 184534, 188628, 192739, 196866, 201009, 205168, 209343, 213532, 217737, 221956,
        226191, 230439, 234702, 238978, 243269, 247573, 251890, 256221, 260565, 264922, 269291,
        273673, 278068, 282474, 286893, 291324, 295767, 300221, 304687, 309164, 313653, 318153,
        322663, 327185, 331718, 336261, 340815};
enum { LN_2_MNAT = 693 };
enum { LN_FACTORIAL_COUNT = sizeof ln_factorial_mnat / sizeof *ln_factorial_mnat };

// 1e9 e^-n
static const uint64_t exp_of_nats[] = {1000000000, 367879441, 135335283, 49787068, 18315639,
        6737947, 2478752, 911882, 335463, 123410, 45400, 16702, 6144, 2260, 832, 306, 113, 41, 15,
        6, 2};
enum { EXP_COUNT = sizeof exp_of_nats / sizeof *exp_of_nats };

static int32_t ln_factorial(uint32_t n)
{
    ASSURE(n < LN_FACTORIAL_COUNT);
    return ln_factorial_mnat[n];
}

static int32_t beta_mnat(struct beta beta, uint32_t count, uint32_t of)
{
    uint32_t a = beta.a;
    uint32_t b = beta.b;
    uint32_t others = of - count;
    int32_t ways = ln_factorial(of + 1) - ln_factorial(count) - ln_factorial(others);
    int32_t after = ln_factorial(count + a - 1) + ln_factorial(others + b - 1) -
                    ln_factorial(of + a + b - 1);
    int32_t before = ln_factorial(a - 1) + ln_factorial(b - 1) - ln_factorial(a + b - 1);
    return ways + after - before;
}

int32_t likeness_mnat(enum shape shape, uint32_t count, uint32_t of)
{
    ASSURE(shape > SHAPE_USUAL && shape < SHAPE_COUNT);
    ASSURE(count <= of && of <= LIKENESS_TRIALS_MAX);
    if (shape == SHAPE_ANY || of == 0) {
        return 0; // which the rounding of logarithms may miss by a milli-nat
    }
    if (shape == SHAPE_EITHER) {
        enum shape likelier = count * 2 >= of ? SHAPE_ALL : SHAPE_NONE;
        return beta_mnat(betas[likelier], count, of) - LN_2_MNAT;
    }
    return beta_mnat(betas[shape], count, of);
}

uint64_t likeness_exp_billionths(int64_t mnat)
{
    ASSURE(mnat >= 0);
    uint64_t nats = (uint64_t)mnat / 1000;
    if (nats >= EXP_COUNT) {
        return 0;
    }
    // Horner's form of the series of e^-x for x < 1, to the twelfth power: 1 - x(1 - x/2(1 - …))
    uint64_t x = (uint64_t)mnat % 1000; // thousandths
    uint64_t series = 1000000000;
    for (uint64_t power = 12; power >= 1; power--) {
        series = 1000000000 - series * x / (1000 * power);
    }
    return exp_of_nats[nats] * series / 1000000000;
}
