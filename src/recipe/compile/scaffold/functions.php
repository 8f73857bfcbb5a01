<?php
/**
 * {name}.
 *
 * @package {slug}
 */

declare( strict_types = 1 );
