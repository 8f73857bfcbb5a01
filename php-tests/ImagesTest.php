<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

/**
 * `wp codebox images …`.
 */
final class ImagesTest extends ProcessTestCase {

	public function test_images_are_built_listed_and_pruned(): void {
		$cache = (string) ini_get( 'wp_codebox.cache_dir' );
		$wp    = static fn( string ...$words ): Finished => Site::wp( 'codebox', 'images', ...$words );

		$built = $wp( 'build' );
		self::assertSame( 0, $built->status, $built->stderr );
		$images = $built->json()['images'];
		self::assertNotEmpty( $images );
		foreach ( $images as $image ) {
			self::assertDirectoryExists( $image['path'] );
			self::assertStringStartsWith( $cache, $image['path'] );
			self::assertContains( $image['kind'], array( 'base', 'components', 'prepared' ) );
			self::assertGreaterThan( 1 << 20, $image['bytes'] );
		}

		$listed = $wp( 'list' );
		self::assertSame( array_column( $images, 'key' ), array_column( $listed->json()['images'], 'key' ) );

		$would = $wp( 'prune', '--max-count=0', '--dry-run' )->json();
		self::assertTrue( $would['dry_run'] );
		self::assertCount( count( $images ), $would['removed'] );
		self::assertSame( $images[0]['key'], $wp( 'list' )->json()['images'][0]['key'], 'A dry run removes nothing.' );

		$wrong = $wp( 'prune', '--max-count=many' );
		self::assertSame( 1, $wrong->status );
		self::assertStringContainsString( 'max_count', $wrong->stderr );
	}
}
