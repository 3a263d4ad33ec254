/*
 * varve_raster.h: Varve.Raster for languages that call C. The shared object is libvarve_raster.so (scripts/build-python).
 *
 * Layers, projections and jobs are held by handles, which varve_release lets go of. No function keeps a pointer beyond
 * its return, but for the memory that varve_read and varve_preview fill, which must stay until their job has ended.
 * Texts are UTF-8 and end with 0. All functions may be called by several threads at once.
 *
 * Faults: a function that gives a handle gives 0, one that gives another number gives -1; varve_error then has what to
 * tell people, and varve_error_kind which kind it is, both for the calling thread.
 *
 * A process that was forked after the first call must not call any more: the threads of the library are not in it.
 */
#ifndef VARVE_RASTER_H
#define VARVE_RASTER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int64_t varve_handle;

/* What pixels hold. */
enum {
    VARVE_BOOLEAN, VARVE_BYTE, VARVE_INT8, VARVE_UINT16, VARVE_INT16, VARVE_UINT32, VARVE_INT32, VARVE_UINT64, VARVE_INT64,
    VARVE_FLOAT32, VARVE_FLOAT64
};

enum {
    VARVE_OK,
    VARVE_BAD,          /* cannot be done with these layers, or a file is damaged */
    VARVE_NO_FILE,
    VARVE_IO,
    VARVE_NO_BAND,
    VARVE_CANCELED,
    VARVE_NO_MEMORY,
    VARVE_INTERNAL      /* a mistake of the library */
};

/* Where pixels lie: the outer corner of the first, the steps (step_y < 0 where the first row is the northernmost). */
typedef struct {
    double x, y, step_x, step_y;
    int64_t width, height;
    varve_handle projection;    /* 0: none. In what the library fills a new handle. */
} varve_grid;

typedef struct {
    int32_t type;
    int32_t can_miss;           /* whether a pixel may be missing */
    int32_t placed;             /* 0 follows any grid, 1 lies on one, 2 was only offered pixels */
    int32_t has_no_data;
    double no_data;             /* what stands for missing pixels in its file */
} varve_layer;

/* How a job runs. */
typedef struct {
    int32_t threads;            /* 0: one for each core */
    int32_t reserved;
    int64_t memory;             /* bytes; 0: half of what is free */
    varve_handle job;           /* set before the call that starts it returns */
} varve_run;

typedef struct {
    int32_t compression;        /* 0 none, 1 LZW, 2 Deflate, 3 Zstandard */
    int32_t level;              /* 0: what is usual */
    int32_t cog;                /* 1: a Cloud Optimized GeoTIFF */
    int32_t sparse;             /* 1: tiles in which all is missing are left out */
    int32_t has_no_data;
    int32_t tile_size;          /* 0: what suits the inputs */
    double no_data;
} varve_write_options;

typedef struct {
    int64_t count, missing;
    double sum, min, max, mean, deviation;
    int64_t high;               /* the exact sum of integers: high * 2^64 + low */
    uint64_t low;
    int32_t is_whole;
    int32_t reserved;
} varve_tally;

int32_t varve_abi(void);                        /* 1 */
int32_t varve_error_kind(void);
int64_t varve_error(char *into, int64_t size);  /* the length of the text, also when it is longer than the room */
void varve_release(varve_handle thing);

/* Projections: by name ("epsg:4326"), or, where GDAL and PROJ are installed, by whatever names one. */
varve_handle varve_projection(const char *name);
int64_t varve_projection_name(varve_handle projection, char *into, int64_t size);
int64_t varve_projection_epsg(varve_handle projection);            /* 0: none */
int64_t varve_projection_is_geographic(varve_handle projection);
int64_t varve_projection_equals(varve_handle a, varve_handle b);

/* Layers. flags: 1, the file's nodata value is a value like others. Bands count from 1. */
varve_handle varve_open(const char *path, int32_t band, int32_t flags);
varve_handle varve_open_tiles(const char *const *paths, int32_t count, int32_t band);
varve_handle varve_open_rows(const char *path, int32_t band, int32_t flags);
/* True inside; the value of a property where one is named. coverage: 0 pixels whose centre is inside, 1 all that are touched. where: SQL's, or NULL. */
varve_handle varve_open_polygons(const char *path, const char *property, int32_t coverage, const char *where);
varve_handle varve_open_cell(const char *cell, int32_t coverage);  /* of H3: its index in hexadecimal, or RESOLUTION@LATITUDE,LONGITUDE */
varve_handle varve_constant_real(double value);
varve_handle varve_constant_whole(int64_t value);
varve_handle varve_array(const void *data, int32_t type, const varve_grid *grid, const double *no_data);  /* copied */
varve_handle varve_areas(void);                                    /* square metres of each pixel */
varve_handle varve_on_pixels(varve_handle layer, const varve_grid *grid);  /* where nothing else says on which it lies */
varve_handle varve_on_grid(varve_handle layer, const varve_grid *grid);    /* the whole grid, 0 where it does not lie */

/*
 * Other projections and pixels of another size. method: 0 nearest, 1 bilinear, 2 cubic, 3 cubic spline, 4 Lanczos, 5 average,
 * 6 root mean square, 7 mode, 8 min, 9 max, 10 median, 11 first and 12 third quartile, 13 sum.
 */
varve_handle varve_warp(varve_handle layer, const varve_grid *grid, int32_t method);
int64_t varve_grid_in(const varve_grid *of, const varve_grid *pixels, varve_grid *into);
int64_t varve_transform(varve_handle from, varve_handle to, double *x, double *y, int32_t count);

int64_t varve_describe(varve_handle layer, varve_layer *into);
int64_t varve_pixels_of(varve_handle layer, varve_grid *into);     /* of one of its layers */
int64_t varve_grid_of(varve_handle layer, varve_grid *into);       /* all of it; 0 x 0 where its layers share nothing */
int64_t varve_bounds_of(varve_handle layer, double into[4]);       /* left, top, right, bottom of polygons */
int64_t varve_label_of(varve_handle layer, char *into, int64_t size);

/*
 * Operators. Of two: add subtract multiply divide floor_divide remainder power minimum maximum bit_and bit_or bit_xor
 * shift_left shift_right equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor.
 * Of one: negate complement logical_not absolute floor ceil round truncate sqrt exp exp2 log log2 log10 is_missing.
 */
varve_handle varve_binary(const char *name, varve_handle a, varve_handle b);
varve_handle varve_unary(const char *name, varve_handle a);
varve_handle varve_where(varve_handle condition, varve_handle then, varve_handle otherwise);
varve_handle varve_is_in(varve_handle layer, const double *values, int32_t count);
varve_handle varve_cast(varve_handle layer, int32_t type);
varve_handle varve_fill(varve_handle layer, double value);
varve_handle varve_convolve(varve_handle layer, const double *weights, int32_t rows, int32_t columns);
varve_handle varve_focal(const char *name, varve_handle layer, int32_t radius);  /* focal_ mean sum min max range var std median majority */
varve_handle varve_distance(varve_handle layer, double limit, int32_t metres);   /* a limit that is not above 0 is none */

/* Jobs: each runs on threads of its own. Start it, wait in turns, take the result, release it. */
int64_t varve_read(varve_handle layer, void *data, uint8_t *missing, int64_t pixels, varve_run *run);
int64_t varve_preview(varve_handle layer, double *into, int32_t width, int32_t height, varve_run *run);
int64_t varve_tally(const varve_handle *layers, int32_t count, int32_t wanted, varve_run *run);  /* 1 sum, 2 extremes, 4 deviation */
int64_t varve_values(varve_handle layer, varve_run *run);
int64_t varve_write(const char *path, const varve_handle *bands, int32_t count, const char *const *names,
                    const varve_write_options *options, int32_t sums, varve_run *run);

int64_t varve_wait(varve_handle job, int32_t milliseconds);        /* 1 it has ended, 0 it has not, -1 a fault ended it */
double varve_progress(varve_handle job);                           /* 0 to 1 */
int64_t varve_cancel(varve_handle job);
int64_t varve_tally_of(varve_handle job, int32_t index, varve_tally *into);
int64_t varve_values_of(varve_handle job, void *values, int64_t *counts, int64_t *missing);      /* how many there are */
int64_t varve_has_missing(varve_handle job);

#ifdef __cplusplus
}
#endif
#endif
